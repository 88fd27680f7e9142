/// How long a worker process is waited for at most, whatever it says meanwhile: one that a video took over could give signs
/// of life for ever. Its own limits (`Interruption`) end an honest one long before.
///
/// Files that were handed over together have their time together: the clips of the first may wait for those of the last.
struct WaitingLimit {
    /// Files that wait for their answers.
    private(set) var open = 0
    private var allowed = 0.0
    private var waited = 0.0

    /// A file was handed over.
    ///
    /// - Parameters:
    ///   - growth: seconds that the file's time limit grows for each second of video.
    ///   - slack: seconds more than that, for the process's start and the network.
    mutating func add(timeLimit: Double, growth: Double, bytes: Int64, slack: Double) {
        if open == 0 { (allowed, waited) = (0, 0) }
        open += 1
        allowed += timeLimit + growth * Self.running(bytes) + slack
    }

    /// A time limit may grow by what the file runs, which only its reader knows. Hardly a video has fewer than 500
    /// bytes a second, and none takes longer than a day.
    private static func running(_ bytes: Int64) -> Double { min(Double(bytes) / 500, 86_400) }

    /// A file was answered.
    mutating func settle() { open = max(0, open - 1) }

    /// Only waiting counts: what comes between may take its time.
    mutating func wait(seconds: Double) { waited += seconds }

    /// Whether so many seconds of waiting more are too many.
    func isOver(after seconds: Double) -> Bool { waited + seconds > allowed }
}
