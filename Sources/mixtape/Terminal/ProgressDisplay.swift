import Ingestion

/// Shows an index run's progress on standard error.
struct ProgressDisplay: Sendable {
    private let line = StatusLine()

    /// "12/100 files, 34 % of 1.9 GB, 28 s left  name.mp4, other.mp4", when it is time to.
    @Sendable func show(_ progress: IndexProgress) {
        guard line.isDue() else { return }
        let names = Self.names(progress)
        let gap = line.isTerminal ? "  " : ", reading "
        line.show(Self.facts(progress) + (names.isEmpty ? "" : gap + names), share: progress.share)
    }

    /// Takes the redrawn line away.
    func clear() { line.clear() }

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
