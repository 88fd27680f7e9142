import NIOCore
import Service
import Synchronization

/// The connections that are open: how many each address has, which of them wait for a request, and what is at work for clients
/// that may go away.
final class Connections: Sendable {
    private struct Entry {
        let channel: any Channel
        /// A key of `ClientAddress`.
        let address: String
        /// Nil while a request is received or answered.
        var idleSince: ContinuousClock.Instant?
        /// Ends the work on the request that is answered.
        var work: Cancellation?
        /// Nobody reads its answers any more.
        var isLeft = false
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var counts: [String: Int] = [:]
    }

    private let limits: HTTPLimits
    private let state = Mutex(State())

    init(_ limits: HTTPLimits) { self.limits = limits }

    /// Takes in a connection that was accepted. Where that takes the last place, the one that has waited longest for a
    /// request is closed, so that nobody is kept out by connections that do nothing.
    ///
    /// - Returns: false where its address has too many.
    func open(_ channel: any Channel) -> Bool {
        let address = ClientAddress.key(channel.remoteAddress?.ipAddress ?? "unknown")
        let most = limits.connections(of: address)
        let (isAdmitted, surplus) = state.withLock { state -> (Bool, (any Channel)?) in
            guard state.counts[address, default: 0] < most else { return (false, nil) }
            let isFull = state.entries.count + 1 >= limits.connections
            let idle = isFull ? state.entries.filter { $0.value.idleSince != nil } : [:]
            let longest = idle.min { ($0.value.idleSince ?? .now) < ($1.value.idleSince ?? .now) }
            if let longest { state.entries[longest.key]?.idleSince = nil }
            state.entries[ObjectIdentifier(channel)] = Entry(
                channel: channel, address: address, idleSince: .now)
            state.counts[address, default: 0] += 1
            return (true, longest?.value.channel)
        }
        surplus?.close(promise: nil)
        return isAdmitted
    }

    /// Forgets a connection that was closed, and ends what is at work for it.
    func close(_ channel: any Channel) {
        leave(channel)
        state.withLock { state in
            guard let entry = state.entries.removeValue(forKey: ObjectIdentifier(channel)) else { return }
            let left = state.counts[entry.address, default: 1] - 1
            state.counts[entry.address] = left > 0 ? left : nil
        }
    }

    /// A connection has begun a request.
    func beginRequest(on channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.idleSince = nil }
    }

    /// A connection waits for its next request from now on; false where all places are taken, and it should not.
    func mayWait(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard state.entries.count < limits.connections else { return false }
            state.entries[ObjectIdentifier(channel)]?.idleSince = .now
            return true
        }
    }

    /// The client has gone: what is at work for it ends, and what it asked for beside that does not begin.
    func leave(_ channel: any Channel) {
        let work = state.withLock { state in
            state.entries[ObjectIdentifier(channel)]?.isLeft = true
            return state.entries[ObjectIdentifier(channel)]?.work
        }
        work?.cancel()
    }

    /// Work on a request begins, to be cancelled when the client goes. A connection has one request at work at a time.
    func begin(_ work: Cancellation, for channel: any Channel) {
        let isLeft = state.withLock { state in
            state.entries[ObjectIdentifier(channel)]?.work = work
            return state.entries[ObjectIdentifier(channel)]?.isLeft ?? true
        }
        if isLeft { work.cancel() }
    }

    /// Work on a request has ended.
    func endWork(for channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.work = nil }
    }
}
