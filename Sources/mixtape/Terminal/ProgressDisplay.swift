import Ingestion
import Service

/// Shows an index run's progress on standard error: one line that is redrawn on a terminal, a plain
/// line every few seconds elsewhere.
final class ProgressDisplay: Sendable {
    private let isTerminal: Bool
    private let throttle: Throttle

    init() {
        isTerminal = Settings.current.errorsAreTerminal
        throttle = Throttle(secondsBetween: isTerminal ? 0.1 : 5, admitsFirst: isTerminal)
    }

    /// Shows the state when it is time to.
    func show(_ progress: IndexProgress) {
        guard throttle.admits() else { return }
        if isTerminal {
            let line = Self.line(progress, width: Terminal.width - 1)
            _ = Terminal.write("\r\u{1B}[K" + line, to: 2)
        } else {
            Terminal.note(Self.facts(progress))
        }
    }

    /// Takes the redrawn line away.
    func clear() {
        if isTerminal { _ = Terminal.write("\r\u{1B}[K", to: 2) }
    }

    /// "[#####.....] 12/100 files, 3.1 a second, 28 s left  name.mp4", cut to the width.
    static func line(_ progress: IndexProgress, width: Int) -> String {
        let columns = 20
        let share = progress.total > 0 ? min(1, Double(progress.done) / Double(progress.total)) : 0
        let filled = Int(share * Double(columns))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: columns - filled)
        let name = progress.current?.split(separator: "/").last.map { "  " + Terminal.printable(String($0)) }
        return String("[\(bar)] \(facts(progress))\(name ?? "")".prefix(max(0, width)))
    }

    static func facts(_ progress: IndexProgress) -> String {
        if progress.phase == .scanning { return "looking for files, \(progress.total) found" }
        var text = "\(progress.done)/\(progress.total) files"
        if progress.elapsed > 0, progress.done > 0 {
            text += ", \(rounded(Double(progress.done) / progress.elapsed)) a second"
        }
        if progress.failed > 0 { text += ", \(progress.failed) failed" }
        if let left = progress.secondsLeft, left.isFinite { text += ", \(TimeText.rough(left)) left" }
        return text
    }

    private static func rounded(_ rate: Double) -> String {
        rate >= 10 ? String(Int(rate.rounded())) : TimeText.fixed(rate, decimals: 1)
    }
}
