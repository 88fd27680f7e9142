import ArgumentParser
import Library

/// How files are read.
struct FileOptions: ParsableArguments {
    @Option(help: .init("Files read side by side. (default: by the processors)", valueName: "N"))
    var workers: Int?

    @Option(
        help: .init(
            "Give up on a file after the duration of what was read plus this many seconds.",
            valueName: "S"))
    var timeLimit = 600.0

    @OptionGroup var isolation: IsolationOption
    var inProcess: Bool { isolation.inProcess }

    func validate() throws {
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers: expected 1 to 1024")
        }
        guard timeLimit > 0, timeLimit.isFinite else {
            throw ValidationError("--time-limit: expected more than 0")
        }
    }
}

/// How long a worker on a shared index may be silent.
struct LeaseOption: ParsableArguments {
    @Option(
        name: .customLong("lease"),
        help: .init(
            "For a shared index: other workers take over the files of a worker that was silent for this many seconds.",
            valueName: "S"))
    var seconds = 120.0

    func validate() throws {
        guard (1...86_400).contains(seconds) else { throw ValidationError("--lease: expected 1 to 86400") }
    }
}

/// What `index` and `watch` both ask of a run.
struct IndexOptions: ParsableArguments {
    @Flag(help: "Forget videos even if a whole folder or disk is missing.")
    var prune = false

    @Option(
        name: .customLong("exclude"), parsing: .singleValue,
        help: .init(
            "Leave out files and folders by name (trailers, '*.part') or by path below the folder "
                + "('old/*.avi'). May be repeated.", valueName: "PATTERN"))
    var exclude: [String] = []

    @Flag(help: "Look into every file, not only those with a video's ending.")
    var allFiles = false

    @OptionGroup var reading: FileOptions

    @OptionGroup var lease: LeaseOption

    var inProcess: Bool { reading.inProcess }

    func request(_ folders: [String]) -> IndexRequest {
        var request = IndexRequest(folders: folders)
        request.prune = prune
        request.rules.exclude = exclude
        request.rules.takesAllFiles = allFiles
        request.workers = reading.workers
        request.timeLimit = reading.timeLimit
        request.lease = lease.seconds
        return request
    }
}
