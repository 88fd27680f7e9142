import Base
import Synchronization
import Training

/// Shows a training's progress on standard error.
final class TrainingDisplay: Sendable {
    private let line = StatusLine()
    /// What the run said last of itself.
    private let last = Mutex<TrainingProgress?>(nil)

    /// Files decoded.
    @Sendable func show(done: Int, total: Int) {
        if line.isDue() { show("\(done)/\(total) files decoded", done, of: total) }
    }

    /// What the run says of its steps, now and then.
    @Sendable func show(_ progress: TrainingProgress) {
        last.withLock { $0 = progress }
        if !line.isTerminal { line.show(Self.facts(progress)) }
    }

    /// Each step, and the beginning.
    @Sendable func step(_ done: Int, _ total: Int) {
        // The first step may take long: the bar is there before.
        guard line.isTerminal, line.isDue() || done == 0 else { return }
        show(Self.line(step: done, of: total, last.withLock { $0 }), done, of: total)
    }

    /// A remark on a line of its own.
    @Sendable func note(_ text: String) {
        clear()
        Terminal.note(Terminal.printable(text))
    }

    /// Takes the redrawn line away.
    func clear() { line.clear() }

    private func show(_ facts: String, _ done: Int, of total: Int) {
        line.show(facts, share: Double(done) / Double(max(1, total)), columns: 12)
    }

    private static func short(_ value: Double) -> String {
        value.isFinite ? value.fixed(3) : "\(value)"
    }

    /// "step 23/100, 3 min left, loss 1.234, 12.5 clips/s": what fits a terminal beside the bar.
    static func line(step: Int, of total: Int, _ progress: TrainingProgress?) -> String {
        var text = "step \(step)/\(total)"
        guard let progress else { return text }
        text += ", \(TimeText.rough(progress.secondsLeft)) left, loss \(short(progress.loss))"
        return text + ", \(progress.clipsPerSecond.fixed(1)) clips/s"
    }

    /// "step 20/100, loss 1.234 (unweighted: soft 0.6, …), 12.5 clips/s, 3 min left, uncertainty -6.9, …".
    static func facts(_ progress: TrainingProgress) -> String {
        let terms = progress.terms.map { "\($0.name) \(short($0.value))" }.joined(separator: ", ")
        var text =
            "step \(progress.step)/\(progress.total), loss \(short(progress.loss)) (unweighted: \(terms)), "
        text += "\(progress.clipsPerSecond.fixed(1)) clips/s, "
        text += "\(TimeText.rough(progress.secondsLeft)) left, "
        text += "mean log variance \(short(progress.meanLogVariance))"
        if let positives = progress.positivesPerAnchor {
            text += ", \(short(positives)) positives per anchor"
        }
        return text
    }
}

/// What a finished training says on standard output.
struct TrainingReport {
    var folder: String
    var outcome: TrainingSession.Outcome
    var summary: TrainingSummary
    var seconds: Double

    var json: JSONValue {
        let last = summary.last
        let terms = (last?.terms ?? []).map { JSONValue.Member($0.name, .number($0.value)) }
        return [
            "model": .string(folder), "steps": .number(summary.steps), "videos": .number(summary.videos),
            "skipped": .number(outcome.skipped.count), "left_out": .number(outcome.leftOut),
            "parameters": .number(outcome.parameterCount), "clips_per_step": .number(summary.layout.rows),
            "seconds": .number(seconds), "clips_per_second": .number(last?.clipsPerSecond),
            "loss": .number(last?.loss), "terms": .object(terms),
            "mean_log_variance": .number(last?.meanLogVariance),
            "positives_per_anchor": .number(last?.positivesPerAnchor),
        ]
    }

    var text: String {
        var text = "\(folder): \(summary.steps) steps on \(summary.videos) videos"
        if let last = summary.last { text += ", loss \(last.loss.fixed(3))" }
        if !outcome.skipped.isEmpty { text += ", \(outcome.skipped.count) files skipped" }
        return text + ", in \(TimeText.rough(seconds))"
    }
}
