import ArgumentParser
import Base
import Benchmarks
import Library
import NeuralNetwork
import Training
import VideoEncoding

struct TrainBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Time whole training steps on made-up clips: forward, loss, backward, optimiser.")

    @OptionGroup var model: ModelOption

    @Option(help: .init("Videos a step, each of two clips.", valueName: "B"))
    var videos = 8

    @Option(help: .init("Steps that the median is of.", valueName: "N"))
    var steps = 5

    @Option(help: .init("Threads. (default: one per processor)", valueName: "T"))
    var threads: Int?

    @Option(help: "automatic, float32 or bfloat16.")
    var precision = "automatic"

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard videos > 0, steps > 0, threads ?? 1 > 0 else {
            throw ValidationError("expected whole numbers above 0")
        }
        guard Precision(rawValue: precision) != nil else {
            throw ValidationError("--precision: expected automatic, float32 or bfloat16")
        }
    }

    func run() throws {
        let threads = threads ?? Settings.current.processors
        let trainer = try EncoderTrainer(
            folder: model.places.modelPath(), threads: threads,
            precision: Precision(rawValue: precision) ?? .automatic)
        let result = try TrainingBenchmark.run(
            encoder: trainer, layout: MixtureLayout(videos: videos, views: 1, clips: 2), steps: steps)
        if json {
            return Terminal.data([
                "clips_a_step": .number(result.clips), "threads": .number(threads),
                "precision": .string(precision), "clips_per_second": .number(result.clipsPerSecond),
            ])
        }
        Terminal.data(
            "\(result.clipsPerSecond.fixed(1)) clips per second, "
                + "\(result.clips) clips a step, \(threads) threads, \(precision)")
    }
}
