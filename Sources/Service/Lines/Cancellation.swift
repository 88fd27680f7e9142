import Synchronization

/// A switch that is thrown once, from any thread, and asked now and then by the work it ends.
public final class Cancellation: Sendable {
    private let thrown = Atomic<Bool>(false)

    /// A switch not thrown yet.
    public init() {}

    /// Throws the switch.
    public func cancel() { thrown.store(true, ordering: .relaxed) }

    /// Whether it was thrown.
    public var isCancelled: Bool { thrown.load(ordering: .relaxed) }
}
