import ArgumentParser
import Base
import Library
import Synchronization

/// What to do about an error whose author did not say; and hints in the words of the command line that was given.
enum Hints {
    /// The options of the command line by which its index and model are found, as a shell takes them.
    private static let places = Mutex("")
    /// Commands that take them.
    private static let commands: Set = [
        "index", "watch", "work", "search", "duplicates", "apply", "undo", "list", "serve", "info", "remove",
        "import",
        "candidates", "export",
    ]

    /// Takes the options down that commands in hints repeat.
    static func note(_ command: any ParsableCommand) {
        guard let options = options(in: command, depth: 8) else { return }
        places.withLock { $0 = options.given.map { " " + shellWord($0) }.joined() }
    }

    /// The hint with the options of this command line in each command that stands between backticks, so that it can be
    /// run as it is.
    static func complete(_ hint: String) -> String {
        let places = places.withLock { $0 }
        if places.isEmpty { return hint }
        var pieces = hint.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        for place in pieces.indices where !place.isMultiple(of: 2) {
            let words = pieces[place].split(separator: " ")
            guard words.count > 1, words[0] == "mixtape", commands.contains(String(words[1])),
                !words.contains("--index")
            else { continue }
            pieces[place] += places
        }
        return pieces.joined(separator: "`")
    }

    /// Options lie in groups of options, as deep as the commands like.
    private static func options(in value: Any, depth: Int) -> LibraryOptions? {
        if let options = value as? LibraryOptions { return options }
        guard depth > 0 else { return nil }
        for child in Mirror(reflecting: value).children {
            if let found = options(in: child.value, depth: depth - 1) { return found }
        }
        return nil
    }

    private static func shellWord(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            byte >= 0x80 || "+,-./:=@_%".utf8.contains(byte) || (0x30...0x39).contains(byte)
                || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        if plain, !word.isEmpty { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }

    static func hint(for error: LibraryError) -> String? {
        switch error.kind {
        case .video: hint(forVideo: error.reason)
        case .index: "`mixtape index FOLDER` makes the index; --index DIR names another one"
        case .model: "--model DIR names a folder with config.json and model.safetensors"
        case .parameter, .cancelled: nil
        }
    }

    private static func hint(forVideo reason: String) -> String? {
        switch VideoError.Reason(rawValue: reason) {
        case .notFound: "check the path; relative paths start at the working directory"
        case .notAFile: "name one video file, not a folder or a device"
        case .permissionDenied: "check the permissions of the file and its folders"
        case .encrypted: "use a copy without encryption"
        case .noVideoStream, .unrecognised:
            "name a file with moving pictures; its content counts, not its name"
        case .emptyRange: "choose --from and --to inside the video's duration"
        case .decoderUnavailable:
            "raise the limits on processes, open files and memory, or end other programs"
        case .timeLimit: "the file took too long to read; try a copy on a faster disk"
        default: "see what FFmpeg reports: ffmpeg -i FILE -f null -"
        }
    }
}
