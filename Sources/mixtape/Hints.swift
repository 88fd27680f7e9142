import Service
import VideoDecoding

/// What to do about an error whose author did not say.
enum Hints {
    static func hint(for error: LibraryError) -> String? {
        switch error.kind {
        case .video: hint(forVideo: error.reason)
        case .index: "mixtape index FOLDER makes the index; --index DIR names another one"
        case .model: "--model DIR names a folder with config.json and model.safetensors"
        case .cancelled: nil
        }
    }

    private static func hint(forVideo reason: String) -> String? {
        switch VideoError.Reason(rawValue: reason) {
        case .notFound: "check the path; it is looked up from the working directory"
        case .notAFile: "name one video file, not a folder or a device"
        case .permissionDenied: "check the permissions of the file and its folders"
        case .encrypted: "only a copy without encryption can be read"
        case .noVideoStream, .unrecognised:
            "name a file with moving pictures; what counts is its content, not its name"
        case .emptyRange: "choose --from and --to inside the video's duration"
        case .timeLimit: "the file took too long to read; a copy on a faster disk may do"
        default: "see what FFmpeg says of it: ffmpeg -i FILE -f null -"
        }
    }
}
