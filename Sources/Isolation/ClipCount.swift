/// How many clips a worker process may hand over of a file: each takes memory here, 4 kB of them as Gaussians of 256 dimensions with
/// what it looks like, and a process that a hostile file took over would hand over any number.
package enum ClipCount {
    /// Of any file: six days, where one begins every two seconds.
    package static let most = 1 << 18
    /// Seconds that the smallest file may have.
    private static let leastSeconds = 7200.0

    /// Of so many seconds.
    ///
    /// - Parameter stride: seconds from the start of one clip to the start of the next.
    package static func inVideo(seconds: Double, stride: Double) -> Int {
        let count = seconds / stride
        guard count >= 0, count < Double(most - 3) else { return most }
        // One that is begun, and one that reaches to the end.
        return Int(count) + 3
    }

    /// Of a file of so many bytes. Hardly a video has fewer than 500 a second; one is little even for a row of stills, and a picture
    /// that stands for long is one clip.
    static func inFile(bytes: Int64, stride: Double) -> Int {
        inVideo(seconds: leastSeconds + Double(bytes), stride: stride)
    }
}
