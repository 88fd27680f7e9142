import Base
import Glibc

/// The time limit and the cancellation of one reading, asked by FFmpeg's callbacks and the decoding loop.
///
/// Only the time spent inside the reader counts, so that a slow consumer does not use up a file's limit.
package final class Interruption {
    enum Outcome { case timeLimit, cancelled }

    let timeLimit: Double
    /// Seconds that the limit grows for each second of video that was decoded.
    private let growth: Double
    /// Seconds of the frames decoded so far.
    private var decoded = 0.0
    /// A frame counts for so many seconds at most: a file may claim hours for one.
    private static let mostSeconds = 0.25
    private(set) var outcome: Outcome?
    private let isCancelled: @Sendable () -> Bool
    private var spent = 0.0
    private var resumedAt: Double?

    package init(timeLimit: Double, growth: Double, isCancelled: @escaping @Sendable () -> Bool) {
        self.timeLimit = timeLimit
        self.growth = growth
        self.isCancelled = isCancelled
    }

    /// Notes a frame that was on screen for so long.
    package func noteFrame(seconds: Double) { decoded += max(0, min(seconds, Self.mostSeconds)) }

    package func resume() { resumedAt = Time.monotonic }

    func pause() {
        if let resumedAt { spent += Time.monotonic - resumedAt }
        resumedAt = nil
    }

    package var shouldStop: Bool {
        if outcome != nil { return true }
        if isCancelled() {
            outcome = .cancelled
        } else if spent + (resumedAt.map { Time.monotonic - $0 } ?? 0) > timeLimit + growth * decoded {
            outcome = .timeLimit
        }
        return outcome != nil
    }

    func check(path: String) throws(VideoError) {
        guard shouldStop, let outcome else { return }
        switch outcome {
        case .cancelled:
            throw VideoError(path: path, reason: .cancelled, detail: "reading was cancelled")
        case .timeLimit:
            throw VideoError(
                path: path, reason: .timeLimit,
                detail:
                    "reading took longer than \(timeLimit) seconds\(growth > 0 ? " plus the duration of what was read" : "")"
            )
        }
    }
}
