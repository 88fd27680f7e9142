import ArgumentParser
import Base
import Benchmarks
import Library
import VideoEncoding

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "benchmark", abstract: "Time one stage of the data flow.",
        subcommands: [
            DecodeBenchmarkCommand.self, EncodeBenchmarkCommand.self, ScanBenchmarkCommand.self,
            TrainBenchmarkCommand.self, MakeIndexCommand.self,
        ])
}

struct EncodeBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Time a model on made-up clips.")

    @OptionGroup var model: ModelOption

    @Option(help: .init("Threads. (default: one per processor)", valueName: "T"))
    var threads: Int?

    @Option(help: .init("Clips per run.", valueName: "N"))
    var clips = 64

    @Option(help: .init("Runs per median.", valueName: "N"))
    var repeats = 7

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard clips > 0, repeats > 0, threads ?? 1 > 0 else {
            throw ValidationError("expected whole numbers above 0")
        }
    }

    func run() throws {
        let encoder = try VideoEncoder(folder: model.places.modelPath())
        let result = try EncodingBenchmark.run(
            encoder: encoder, threads: threads ?? Settings.current.processors,
            clips: clips, repeats: repeats)
        if json {
            return Terminal.data([
                "clips": .number(result.clips), "threads": .number(result.threads),
                "precision": .string(result.precision), "repeats": .number(repeats),
                "seconds": .number(result.seconds), "clips_per_second": .number(result.clipsPerSecond),
                "times_real_time": .number(result.timesRealTime),
            ])
        }
        Terminal.data(
            "\(result.clipsPerSecond.fixed(1)) clips per second, "
                + "\(result.timesRealTime.fixed(0)) times real time, "
                + "\(result.threads) threads, \(result.precision), median of \(repeats)")
    }
}
