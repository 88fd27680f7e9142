import ArgumentParser
import Base
import Benchmarks
import Retrieval

struct ScanBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Time the exact search of synthetic moments beside reading memory.")

    @Option(help: .init("Videos.", valueName: "N"))
    var videos = 1_000_000

    @Option(help: .init("Width of the embedding.", valueName: "D"))
    var dimension = 256

    @Option(help: .init("Queries per search.", valueName: "Q"))
    var queries = 1

    @Option(help: .init("Threads. (default: as many as a search takes)", valueName: "T"))
    var threads: Int?

    @Option(help: .init("Runs per median.", valueName: "R"))
    var rounds = 11

    @Flag(help: "Use independent dimensions: the worst case.")
    var independent = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard videos > 0, dimension > 0, queries > 0, rounds > 0, threads ?? 1 > 0 else {
            throw ValidationError("expected whole numbers above 0")
        }
        guard videos <= 1 << 30, dimension <= 1 << 16, videos * dimension <= 1 << 34 else {
            throw ValidationError("--videos times --dimension: expected at most \(1 << 34)")
        }
        guard queries <= 4096 else { throw ValidationError("--queries: expected at most 4096") }
    }

    func run() throws {
        let result = ScanBenchmark.run(
            videos: videos, dimension: dimension, queries: queries, threads: threads, rounds: rounds,
            spread: independent ? .independent : .library)
        if json {
            return Terminal.data([
                "videos": .number(result.videos), "dimension": .number(result.dimension),
                "queries": .number(result.queries), "threads": .number(result.threads),
                "rounds": .number(result.rounds), "instructions": .string(result.instructions),
                "picked_rows": .number(result.pickedRows), "seconds": .number(result.seconds),
                "bytes": .number(result.bytes),
                "read_gb_per_second": .number(result.readGigabytesPerSecond),
                "bandwidth_gb_per_second": .number(result.bandwidthGigabytesPerSecond),
                "share_of_bandwidth": .number(result.shareOfBandwidth),
            ])
        }
        Terminal.data(
            """
            \(result.videos) videos of \(result.dimension) dimensions, queries: \(result.queries), \
            threads: \(result.threads), \(result.instructions), medians of \(result.rounds)
            search \((result.seconds * 1000).fixed(1)) ms, \
            \((result.seconds * 1000 / Double(result.queries)).fixed(2)) ms a query; \
            reads \((Double(result.bytes) * 1e-6).fixed(0)) MB at \(result.readGigabytesPerSecond.fixed(1)) GB/s
            memory \(result.bandwidthGigabytesPerSecond.fixed(1)) GB/s: \
            the search takes \((result.shareOfBandwidth * 100).fixed(0)) % of it
            """)
    }
}
