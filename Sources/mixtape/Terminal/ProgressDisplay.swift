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
            let names = Self.names(progress)
            Terminal.note(Self.facts(progress) + (names.isEmpty ? "" : ", reading \(names)"))
        }
    }

    /// Takes the redrawn line away.
    func clear() {
        if isTerminal { _ = Terminal.write("\r\u{1B}[K", to: 2) }
    }

    /// "[#####.....] 12/100 files, 34 % of 1.9 GB, 28 s left  name.mp4, other.mp4", cut to the width.
    static func line(_ progress: IndexProgress, width: Int) -> String {
        let columns = 20
        let share = progress.share
        let filled = Int(share * Double(columns))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: columns - filled)
        let names = names(progress)
        let text = "[\(bar)] \(facts(progress))\(names.isEmpty ? "" : "  " + names)"
        return String(text.prefix(max(0, width)))
    }

    /// Of the files that are being read, without their folders.
    private static func names(_ progress: IndexProgress) -> String {
        let most = 4
        let names = progress.reading.prefix(most).map { path in
            Terminal.printable(path.split(separator: "/").last.map(String.init) ?? path)
        }
        let others = progress.reading.count - names.count
        return names.joined(separator: ", ") + (others > 0 ? " and \(others) more" : "")
    }

    static func facts(_ progress: IndexProgress) -> String {
        if progress.phase == .scanning { return "looking for files, \(progress.total) found" }
        var text = progress.phase == .comparing ? "comparing, " : ""
        text += "\(progress.done)/\(progress.total) files"
        if progress.bytesTotal > 0 {
            text += ", \(Int(100 * progress.share)) % of \(SizeText.rough(progress.bytesTotal))"
        }
        if progress.failed > 0 { text += ", \(progress.failed) failed" }
        if let left = progress.secondsLeft, left.isFinite { text += ", \(TimeText.rough(left)) left" }
        return text
    }
}

extension IndexProgress {
    /// How much of the phase is done, 0 to 1: of the bytes that it reads where those are known, else of the files.
    var share: Double {
        if bytesTotal > 0 { return min(1, Double(bytesDone) / Double(bytesTotal)) }
        return total > 0 ? min(1, Double(done) / Double(total)) : 0
    }
}
