import ArgumentParser
import Base
import Benchmarks
import Foundation
import Library
import VideoDecoding

/// Times reading a file's clips beside the `ffmpeg` program decoding the same file, in turns.
struct DecodeBenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Time the reading of files beside: ffmpeg -i FILE -f null -")

    @Argument(help: .init("Video files.", valueName: "FILE"), completion: .file())
    var files: [String]

    @Option(help: .init("Decoder threads, for both.", valueName: "T"))
    var threads = 1

    @Option(help: .init("Runs per median.", valueName: "N"))
    var repeats = 5

    @Flag(help: "Leave the ffmpeg program out.")
    var alone = false

    @Flag(help: "Print the result as JSON lines.")
    var json = false

    func validate() throws {
        guard threads > 0, repeats > 0 else { throw ValidationError("expected whole numbers above 0") }
    }

    func run() throws {
        for file in files {
            var ours: [Double] = []
            var theirs: [Double] = []
            var frames = 0
            for turn in 0...repeats {
                let start = Time.monotonic
                frames = try read(file)
                let middle = Time.monotonic
                if !alone {
                    try FFmpegProgram.run(
                        ["-threads", "\(threads)", "-i", file, "-map", "0:v:0", "-f", "null", "-"])
                }
                // The first turn fills the caches.
                if turn > 0 {
                    ours.append(middle - start)
                    theirs.append(Time.monotonic - middle)
                }
            }
            report(file, frames, ours: median(ours), theirs: alone ? nil : median(theirs))
        }
    }

    /// All clips of the default model's plan; returns the frames decoded.
    private func read(_ file: String) throws -> Int {
        let options = ReadingOptions(
            plan: ClipPlan(), geometry: FrameGeometry(width: 112, height: 112), threads: threads,
            seeks: false)
        let reader = try ClipReader(path: file, options: options)
        while try reader.next() != nil {}
        return reader.decodedFrames
    }

    private func report(_ file: String, _ frames: Int, ours: Double, theirs: Double?) {
        if json {
            return Terminal.data([
                "file": .string(file), "frames": .number(frames), "threads": .number(threads),
                "repeats": .number(repeats), "seconds": .number(ours),
                "frames_per_second": .number(Double(frames) / ours),
                "ffmpeg_frames_per_second": theirs.map { .number(Double(frames) / $0) } ?? .null,
                "time_ratio": theirs.map { .number(ours / $0) } ?? .null,
            ])
        }
        let beside = theirs.map {
            ", ffmpeg \((Double(frames) / $0).fixed(0)) frames/s, time \((ours / $0).fixed(2)) of ffmpeg's"
        }
        Terminal.data(
            "\(Terminal.printable(file)): \((Double(frames) / ours).fixed(0)) frames/s" + (beside ?? ""))
    }
}
