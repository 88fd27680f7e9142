import Glibc
import Indexing
import Synchronization

/// One connection that any thread may use, one at a time. Where it is lost, it is made anew and what was being done is done
/// again: each use is one transaction, or harmless to repeat.
public final class PostgresClient: Sendable {
    /// Where the database is.
    public let address: PostgresAddress
    /// Seconds for which a lost connection is tried to be made anew.
    private let patience: Double
    private let isCancelled: @Sendable () -> Bool

    private struct State: @unchecked Sendable {
        // Unchecked: reached under the lock alone.
        var session: PostgresSession?
        /// Only what has worked once is worth waiting for.
        var hasConnected = false
    }
    private let state = Mutex(State())

    /// A client; nothing is connected yet.
    public init(
        _ address: PostgresAddress, patience: Double = 300,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.address = address
        self.patience = patience
        self.isCancelled = isCancelled
    }

    /// Runs `body`, again where the connection is lost or the transaction met another one.
    func use<R>(_ body: (PostgresSession) throws(PostgresError) -> R) throws(IndexError) -> R {
        let deadline = ContinuousClock.now + .seconds(patience)
        var delay: UInt32 = 100_000
        while true {
            let result: Result<R, PostgresError> = state.withLock { state in
                do throws(PostgresError) {
                    if state.session == nil { state.session = try PostgresSession(address) }
                    state.hasConnected = true
                    guard let session = state.session else { preconditionFailure("just made") }
                    return .success(try body(session))
                } catch {
                    if error.kind == .unavailable { state.session = nil }
                    return .failure(error)
                }
            }
            do throws(PostgresError) {
                return try result.get()
            } catch {
                let mayWait = error.kind == .unavailable && state.withLock { $0.hasConnected }
                guard error.isConflict || mayWait, ContinuousClock.now < deadline, !isCancelled() else {
                    throw error.indexError(address.name)
                }
                usleep(error.isConflict ? 1000 : delay)
                delay = min(2 * delay, 3_000_000)
            }
        }
    }

    /// The same as one transaction.
    func transaction<R>(_ body: (PostgresSession) throws(PostgresError) -> R) throws(IndexError) -> R {
        try use { (session) throws(PostgresError) in
            try session.transaction { () throws(PostgresError) in try body(session) }
        }
    }

    /// Ends the connection; the next use makes another.
    public func close() { state.withLock { $0.session = nil } }
}
