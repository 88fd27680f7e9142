import ArgumentParser
import Base
import Ingestion
import Service

struct WorkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Help other machines to index: work on a shared index's queue.",
        discussion: """
            mixtape index, on any machine, puts files in the queue and works on it; this command works on it alone, until it \
            is empty. What a worker that dies was at goes back into the queue after --lease seconds.
            """)

    @OptionGroup var places: LibraryOptions

    @OptionGroup var reading: FileOptions

    @OptionGroup var lease: LeaseOption

    @Flag(help: "Stay when the queue is empty, for what comes, until interrupted.")
    var stay = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let library = try places.library(inProcess: reading.inProcess)
        var request = IndexRequest(folders: [])
        request.workers = reading.workers
        request.timeLimit = reading.timeLimit
        request.lease = lease.seconds
        request.stays = stay
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
        abstract: "Have a shared index's server find candidates, and measure how many it takes.",
        discussion: """
            Makes an HNSW index (pgvector), for mixtape search --candidates; new videos come into it by themselves. Then \
            compares what searches by 10 to 1000 candidates find with what exact ones do; mixtape info says it again.
            """)

    @OptionGroup var places: LibraryOptions

    @Option(help: .init("Videos of the index that are searched for.", valueName: "N"))
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
