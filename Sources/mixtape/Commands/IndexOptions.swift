import ArgumentParser
import Service

/// What `index` and `watch` both ask of a run.
struct IndexOptions: ParsableArguments {
    @Flag(help: "Forget videos even where a whole folder or disk is gone.")
    var prune = false

    @Option(help: .init("Files read side by side. (default: by the processors)", valueName: "N"))
    var workers: Int?

    @Option(
        help: .init(
            "Seconds, beyond the running time of what was read, after which a file is given up.",
            valueName: "S"))
    var timeLimit = 600.0

    @Flag(
        help: .init(
            "Read files in this process. By default worker processes do, so that a file that crashes the decoder, or takes all memory, fails alone."
        ))
    var inProcess = false

    @Option(
        help: .init(
            "Of a shared index: seconds without a sign of a worker after which others take over its files.",
            valueName: "S"))
    var lease = 120.0

    func validate() throws {
        guard (1...86_400).contains(lease) else { throw ValidationError("--lease: expected 1 to 86400") }
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers: expected 1 to 1024")
        }
        guard timeLimit > 0, timeLimit.isFinite else {
            throw ValidationError("--time-limit: expected more than 0")
        }
    }

    func request(_ folders: [String]) -> IndexRequest {
        var request = IndexRequest(folders: folders)
        request.prune = prune
        request.workers = workers
        request.timeLimit = timeLimit
        request.lease = lease
        return request
    }
}
