/// What one kind of request may take of a worker process, and of whoever waits for it.
package struct WorkerLimits: Sendable, Equatable {
    /// Bytes of address space.
    package var memory: UInt64
    /// Seconds of processor time of a process, over all its threads and files; nil for one that stays.
    package var processorSeconds: Int?
    /// Seconds without a sign of life, which is asked for every second, after which a decoder is taken to hang.
    package var patience: Double
    /// Seconds beyond a file's own time limit after which it is given up, whatever signs there are.
    package var slack: Double
    /// Seconds of video that are read at most: a longer one, or part, is refused. Nil for any.
    package var longest: Double?

    /// Files that the user names: to be indexed, searched for, shown, trained on or measured. Their time grows with what they
    /// run, and a process reads one after another.
    package static func files(memory: UInt64 = 4 << 30, patience: Double = 120) -> WorkerLimits {
        WorkerLimits(memory: memory, patience: patience, slack: patience)
    }

    /// Files that clients of a service send or name: so many seconds, however long they run. Each has a process of its own.
    ///
    /// - Parameters:
    ///   - seconds: that pass, and of each processor's time.
    ///   - longest: seconds of video.
    package static func clients(
        memory: UInt64, seconds: Double, processors: Int, longest: Double
    ) -> WorkerLimits {
        WorkerLimits(
            memory: memory, processorSeconds: max(1, Int(seconds.rounded(.up))) * max(1, processors),
            patience: seconds, slack: 0, longest: longest)
    }
}
