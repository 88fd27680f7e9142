import Foundation

/// The `ffmpeg` program, which draws the tests' videos.
package enum FFmpeg {
    /// Runs it without its chatter; throws with its words where it fails.
    package static func run(_ arguments: [String]) throws {
        let common = ["-nostdin", "-v", "error", "-y", "-threads", "1"]
        try Running.output(common + arguments, program: "ffmpeg")
    }

    /// The same input in several formats by one run of the program, whose start takes longer than a small video:
    /// each output is the arguments of its codec and its file.
    package static func run(input: [String], outputs: [[String]]) throws {
        try run(input + outputs.flatMap { ["-map", "0:v"] + $0 })
    }

    /// Draws a source of libavfilter's, such as `testsrc2=s=96x64:r=10`, for so many seconds; returns the path.
    @discardableResult
    package static func draw(
        _ source: String, seconds: Double, to path: String, _ coding: [String] = ["-c:v", "mpeg4"]
    ) throws -> String {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try run(["-f", "lavfi", "-i", source, "-t", "\(seconds)"] + coding + [path])
        return path
    }
}
