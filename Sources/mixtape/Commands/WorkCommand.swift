import ArgumentParser
import Base
import Ingestion
import Library

struct WorkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Help other machines to index: work on the queue of a shared index.",
        discussion: """
            mixtape index puts files into the queue and works on it. This command, on any number of other machines, only \
            works on it, until it is empty. Files of a worker that dies return to the queue after --lease seconds.
            """)

    @OptionGroup var places: LibraryOptions

    @OptionGroup var reading: FileOptions

    @OptionGroup var lease: LeaseOption

    @Flag(help: "Wait for new files when the queue is empty, until interrupted.")
    var stay = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let library = try places.library(inProcess: reading.inProcess)
        var request = IndexRequest(folders: [])
        request.workers = reading.workers
        request.timeLimit = reading.timeLimit
        request.lease = lease.seconds
        request.waitsForMore = stay
        Interrupts.catchSignals()
        let display = ProgressDisplay()
        let summary: IndexSummary
        do {
            defer { display.clear() }
            summary = try library.work(
                request, progress: display.show, isCancelled: Interrupts.wereReceived)
        }
        try IndexCommand.show(summary, json: json)
    }
}

struct CandidatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "candidates",
        abstract: "Let the server of a shared index find candidates, and measure how many are needed.",
        discussion: """
            Makes an HNSW index (pgvector) for mixtape search --candidates; new videos are added to it automatically. Then \
            compares searches of 10 to 1000 candidates with exact ones. mixtape info shows the result again.
            """)

    @OptionGroup var places: LibraryOptions

    @Option(help: .init("Videos of the index to search for.", valueName: "N"))
    var queries = 100

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (1...10_000).contains(queries) else { throw ValidationError("--queries: expected 1 to 10000") }
    }

    func run() throws {
        let library = try places.library()
        let measured = try library.makeCandidates(queries: queries) { done, parts in
            Terminal.note(done < parts ? "making part \(done + 1) of \(parts)" : "measuring")
        }
        if json {
            return Terminal.data(JSONValue.array(measured.map(\.json)))
        }
        let lines = measured.map { point in
            "\(point.count) candidates: recall@10 \(point.recall.fixed(3)), "
                + "median \((1000 * point.seconds).fixed(1)) ms, 99th percentile "
                + "\((1000 * point.slowSeconds).fixed(1)) ms"
        }
        Terminal.data(lines.joined(separator: "\n"))
    }
}
