import Service

/// What a command is doing, on standard error: one line that is redrawn on a terminal, plain lines every few seconds elsewhere.
final class StatusLine: Sendable {
    let isTerminal = Settings.current.errorsAreTerminal
    private let throttle: Throttle

    /// - Parameters:
    ///   - seconds: from one state to the next on a terminal.
    ///   - admitsFirst: whether the first state is shown at once; nil for on a terminal only.
    init(secondsBetween seconds: Double = 0.1, admitsFirst: Bool? = nil) {
        throttle = Throttle(
            secondsBetween: isTerminal ? seconds : 5, admitsFirst: admitsFirst ?? isTerminal)
    }

    /// Whether it is time to show the next state.
    func isDue() -> Bool { throttle.admits() }

    /// Shows a state; on a terminal cut to its width, behind a bar of so many columns where the share that is done is known.
    func show(_ text: String, share: Double? = nil, columns: Int = 20) {
        guard isTerminal else { return Terminal.note(text) }
        var line = text
        if let share {
            let filled = Int(min(1, max(0, share)) * Double(columns))
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: columns - filled)
            line = "[\(bar)] \(text)"
        }
        _ = Terminal.write("\r\u{1B}[K" + line.prefix(max(0, Terminal.width - 1)), to: 2)
    }

    /// Takes the redrawn line away.
    func clear() {
        if isTerminal { _ = Terminal.write("\r\u{1B}[K", to: 2) }
    }
}
