import Base
import Indexing
import VideoEncoding

/// Why a library could not do what was asked: the errors of the modules beneath, in one shape.
public struct LibraryError: Error, Sendable, Equatable {
    /// What the error is about.
    public enum Kind: Sendable, Equatable {
        /// A video file.
        case video
        /// The index folder.
        case index
        /// The model folder.
        case model
        /// What was asked for, by the parameter's name.
        case parameter(String)
        /// Nothing is wrong: the caller asked to end.
        case cancelled
    }

    /// What the error is about.
    public var kind: Kind
    /// Stable and machine-readable, such as `no_video_stream` or `index_busy`.
    public var reason: String
    /// The file or folder it is about.
    public var path: String?
    /// One sentence that names the file and what is wrong.
    public var message: String
    /// What to do about it.
    public var hint: String?

    /// An error of a kind.
    public init(_ kind: Kind, reason: String, path: String? = nil, message: String, hint: String? = nil) {
        self.kind = kind
        self.reason = reason
        self.path = path
        self.message = message
        self.hint = hint
    }

    /// Whether other options may well be answered: those asked for do not go with the model or the index, or name a video that
    /// cannot be used.
    public var isOfOptions: Bool {
        if case .parameter = kind { return true }
        return kind == .video || ["no_calibration", "index_not_shared"].contains(reason)
    }

    /// The caller asked to end.
    public static let cancelled = LibraryError(.cancelled, reason: "cancelled", message: "cancelled")

    /// A video file's error; a cancelled reading is no error of the file.
    public init(_ error: VideoError) {
        if error.reason == .cancelled {
            self = .cancelled
        } else {
            self.init(
                .video, reason: error.reason.rawValue, path: error.path,
                message: "\(error.path): \(error.detail)")
        }
    }

    /// An index's error.
    public init(_ error: IndexError) {
        self.init(
            .index, reason: error.reason.rawValue, path: error.path,
            message: Self.naming(error.path, error.message), hint: error.hint)
    }

    /// A model's error.
    public init(_ error: ModelError) {
        self.init(
            .model, reason: "model_unusable", path: error.path,
            message: Self.naming(error.path, error.message), hint: error.hint)
    }

    private static func naming(_ path: String, _ message: String) -> String {
        message.contains(path) ? message : "\(path): \(message)"
    }
}
