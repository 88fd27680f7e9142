import Foundation

/// Videos of the same length, cut from one long one, and a small untrained model.
package struct Material: Sendable {
    private let folder: TemporaryFolder
    package var videos: String { folder.file("videos") }
    package var model: String { folder.file("model") }
    package let count: Int

    package init(count: Int, seconds: Int) throws {
        self.count = count
        folder = try TemporaryFolder()
        try folder.makeFolder("videos")
        try FFmpeg.draw(
            "testsrc2=s=160x120:r=10,hue=h=t*37:s=1+sin(t)", seconds: Double(count * seconds),
            to: videos + "/video%02d.mp4",
            ["-c:v", "libx264", "-preset", "ultrafast", "-g", "\(10 * seconds)", "-f", "segment"]
                + ["-segment_time", "\(seconds)", "-reset_timestamps", "1"])
        try Running.output(["model", "create", model, "--width", "4", "--dimension", "32"])
    }

    package func video(_ number: Int) -> String {
        videos + (number < 10 ? "/video0\(number).mp4" : "/video\(number).mp4")
    }
}
