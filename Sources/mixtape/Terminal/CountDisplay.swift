/// Shows how many of something are done, on standard error.
struct CountDisplay: Sendable {
    /// Of all there will be, where that is known.
    let total: Int?
    let noun: String
    // What is done within a second or two needs no display.
    private let line = StatusLine(secondsBetween: 0.2, admitsFirst: false)

    init(total: Int?, noun: String) {
        self.total = total
        self.noun = noun
    }

    /// Shows the state when it is time to.
    func show(_ done: Int) {
        if line.isDue() { line.show(total.map { "\(done)/\($0) \(noun)" } ?? "\(done) \(noun)") }
    }

    /// Takes the redrawn line away.
    func clear() { line.clear() }
}
