import ArgumentParser
import Service

/// What `serve --http` runs for each video that it has to read, and whatever else reads videos for all that one thread reads:
/// never meant for people, so no help lists it.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Encode the video on standard input, within limits.",
        shouldDisplay: false)

    /// Not needed to decode alone.
    @Option var model: String?
    @Option var fingerprint: String?
    @Option var from: Double?
    @Option var to: Double?
    @Option var stream: Int?
    @Option var stride: Double?
    @Option var longest: Double?
    @Option var processorSeconds: Int?
    @Option var memory: UInt64
    @Option var threads: Int
    /// Who started it; it ends with that process.
    @Option var parent: Int32?
    /// Files come through a socket that is the standard input.
    @Flag var many = false

    func run() throws {
        var request = WorkerRequest(modelFolder: model)
        request.fingerprint = fingerprint
        request.from = from
        request.to = to
        request.stream = stream
        request.stride = stride
        request.longest = longest ?? request.longest
        request.processorSeconds = processorSeconds
        request.memory = memory
        request.threads = max(1, threads)
        request.parent = parent
        if many { return EncodingWorker.serve(request, say: { Terminal.data(bytes: $0) }) }
        let outcome = EncodingWorker.run(request, say: { Terminal.data(bytes: $0) })
        Terminal.data(lines: EncodedLines.write(outcome))
        if case .failure = outcome { throw ExitCode.failure }
    }
}
