import ArgumentParser

/// How long a command that writes waits for another one.
struct WaitOption: ParsableArguments {
    @Option(
        name: .customLong("wait"),
        help: .init("Seconds to wait for another run on the same index.", valueName: "S"))
    var seconds = 0.0

    func validate() throws {
        guard seconds >= 0, seconds.isFinite else { throw ValidationError("--wait: expected 0 or more") }
    }
}
