import ArgumentParser
import Isolation

/// What reads videos for other commands, in a process apart: never meant for people, so no help lists it.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Read the videos that come through standard input, within limits.",
        shouldDisplay: false)

    /// `WorkerSettings` as JSON.
    @Argument var settings: String

    func run() throws {
        guard let settings = WorkerSettings(settings) else {
            throw ValidationError("expected what other commands say when they start a worker")
        }
        EncodingWorker.serve(settings, write: { Terminal.data(bytes: $0) })
    }
}

extension WorkerProgram {
    /// This program.
    static let own = WorkerProgram(executable: "/proc/self/exe", arguments: ["mixtape", "worker"])
}
