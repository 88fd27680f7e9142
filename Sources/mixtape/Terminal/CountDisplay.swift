import Service

/// Shows how many of something are done, on standard error: one line that is redrawn on a terminal, a plain line every few
/// seconds elsewhere.
final class CountDisplay: Sendable {
    private let total: Int?
    private let noun: String
    private let isTerminal: Bool
    private let throttle: Throttle

    /// - Parameter total: of all there will be, where that is known.
    init(total: Int?, noun: String) {
        self.total = total
        self.noun = noun
        isTerminal = Settings.current.errorsAreTerminal
        // What is done within a second or two needs no display.
        throttle = Throttle(secondsBetween: isTerminal ? 0.2 : 5, admitsFirst: false)
    }

    /// Shows the state when it is time to.
    func show(_ done: Int) {
        guard throttle.admits() else { return }
        let text = total.map { "\(done)/\($0) \(noun)" } ?? "\(done) \(noun)"
        if isTerminal { _ = Terminal.write("\r\u{1B}[K" + text, to: 2) } else { Terminal.note(text) }
    }

    /// Takes the redrawn line away.
    func clear() {
        if isTerminal { _ = Terminal.write("\r\u{1B}[K", to: 2) }
    }
}
