import ArgumentParser
import Retrieval
import Service
import VideoEncoding

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Measure the stations of the data flow.",
        subcommands: [
            DecodeBenchmarkCommand.self, EncodeBenchmarkCommand.self, ScanBenchmarkCommand.self,
            TrainBenchmarkCommand.self,
        ])
}

struct ScanBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Time the exact scan of synthetic moments beside reading the same memory.")

    @Option(help: .init("Videos.", valueName: "N"))
    var rows = 1_000_000

    @Option(help: .init("Width of the embedding.", valueName: "D"))
    var dimension = 256

    @Option(help: .init("Threads. (default: as many as a search takes)", valueName: "T"))
    var threads: Int?

    @Option(help: .init("Runs that each median is of.", valueName: "N"))
    var repeats = 11

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard rows > 0, dimension > 0, repeats > 0, threads ?? 1 > 0 else {
            throw ValidationError("expected whole numbers above 0")
        }
        guard rows <= 1 << 30, dimension <= 1 << 16, rows * dimension <= 1 << 34 else {
            throw ValidationError("--rows times --dimension: expected at most \(1 << 34)")
        }
    }

    func run() throws {
        let result = ScanBenchmark.run(
            rows: rows, dimension: dimension, threads: threads, repeats: repeats)
        if json {
            return Terminal.data([
                "rows": .number(result.rows), "dimension": .number(result.dimension),
                "threads": .number(result.threads), "repeats": .number(result.repeats),
                "instructions": .string(result.instructions), "bytes": .number(result.bytes),
                "scan_ms": .number(result.scanSeconds * 1000), "read_ms": .number(result.readSeconds * 1000),
                "scan_gb_per_s": .number(result.scanGigabytesPerSecond),
                "read_gb_per_s": .number(result.readGigabytesPerSecond),
                "share_of_read_bandwidth": .number(result.shareOfReadBandwidth),
            ])
        }
        func fixed(_ value: Double) -> String { TimeText.fixed(value, decimals: 1) }
        Terminal.data(
            """
            \(result.rows) videos of \(result.dimension) dimensions, \(result.threads) threads, \
            \(result.instructions), medians of \(result.repeats)
            scan  \(fixed(result.scanSeconds * 1000)) ms, \(fixed(result.scanGigabytesPerSecond)) GB/s
            read  \(fixed(result.readSeconds * 1000)) ms, \(fixed(result.readGigabytesPerSecond)) GB/s
            share \(fixed(result.shareOfReadBandwidth * 100)) % of the read bandwidth
            """)
    }
}

struct EncodeBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Time a model on made-up clips.")

    @OptionGroup var places: LibraryOptions

    @Option(help: .init("Threads. (default: one a processor)", valueName: "T"))
    var threads: Int?

    @Option(
        help: .init(
            "Threads that each clip's layers are spread over; indexing and search take 1.", valueName: "T"))
    var threadsPerClip = 1

    @Option(help: .init("Clips of one run.", valueName: "N"))
    var clips = 64

    @Option(help: .init("Runs that each median is of.", valueName: "N"))
    var repeats = 7

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard clips > 0, repeats > 0, threads ?? 1 > 0, threadsPerClip > 0 else {
            throw ValidationError("expected whole numbers above 0")
        }
    }

    func run() throws {
        let result: EncodingBenchmark.Result
        do {
            let encoder = try VideoEncoder(folder: places.modelPath())
            result = try EncodingBenchmark.run(
                encoder: encoder, threads: threads ?? Settings.current.processors,
                threadsPerClip: threadsPerClip, clips: clips, repeats: repeats)
        } catch let error as ModelError {
            throw LibraryError(error)
        }
        if json {
            return Terminal.data([
                "clips": .number(result.clips), "threads": .number(result.threads),
                "precision": .string(result.precision), "repeats": .number(repeats),
                "seconds": .number(result.seconds), "clips_per_second": .number(result.clipsPerSecond),
                "times_real_time": .number(result.timesRealTime),
            ])
        }
        Terminal.data(
            "\(TimeText.fixed(result.clipsPerSecond, decimals: 1)) clips a second, "
                + "\(TimeText.fixed(result.timesRealTime, decimals: 0)) times real time, "
                + "\(result.threads) threads, \(result.precision), median of \(repeats)")
    }
}
