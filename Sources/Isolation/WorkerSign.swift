import Base
import Synchronization

/// What a worker process says each second while it reads: that it has not stopped, by an empty line, or how far it is.
package enum WorkerSign {
    /// How far one of the files is that came together.
    package struct Reading: Equatable {
        /// The file's place among them.
        package var place: Int
        /// Of its running time, 0 to 1.
        package var share: Double
    }

    /// The line of a reading, or of none, with its break.
    static func line(_ reading: Reading?) -> [UInt8] {
        guard let reading else { return [0x0A] }
        return WorkerMessage(
            "reading", .number(reading.place), [.init("share", .number(reading.share))]
        ).encoded
    }

    /// Nil where the message is part of an answer.
    static func read(_ header: JSONValue) -> Reading? {
        guard let place = header["reading"]?.intValue, let share = header["share"]?.doubleValue,
            place >= 0, (0...1).contains(share), WorkerMessage.hasOnly(["reading", "share"], header)
        else { return nil }
        return Reading(place: place, share: share)
    }
}

/// What a worker process writes, a whole message at a time, from whatever thread; and a sign of life each second.
final class WorkerVoice: Sendable {
    private struct State {
        var last = ContinuousClock.now
        /// What was read since the last sign.
        var reading: WorkerSign.Reading?
    }
    private let state = Mutex(State())
    private let write: EncodingWorker.Write

    init(_ write: @escaping EncodingWorker.Write) { self.write = write }

    func say(_ message: WorkerMessage) {
        state.withLock { _ in
            write(message.line)
            if !message.bytes.isEmpty { write(message.bytes) }
        }
    }

    /// Notes how far a file is, for the next sign.
    func note(_ place: Int, _ share: Double) {
        state.withLock { $0.reading = WorkerSign.Reading(place: place, share: share) }
    }

    /// Gives a sign, where the last is a second ago.
    func giveSign() {
        let now = ContinuousClock.now
        state.withLock { state in
            guard now - state.last > .seconds(1) else { return }
            write(WorkerSign.line(state.reading))
            state.reading = nil
            state.last = now
        }
    }
}
