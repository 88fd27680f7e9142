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

    private static let start = #"{"reading":"#
    /// Longer lines are no sign.
    private static let longest = 96

    /// The line of a reading, or of none, with its break.
    static func line(_ reading: Reading?) -> [UInt8] {
        guard let reading else { return [0x0A] }
        let json: JSONValue = ["reading": .number(reading.place), "share": .number(reading.share)]
        return Array((json.serialized() + "\n").utf8)
    }

    /// Nil where the line is part of an answer.
    static func read(_ line: ArraySlice<UInt8>) -> Reading? {
        guard line.count <= longest, line.starts(with: start.utf8),
            let json = try? JSONValue(parsing: Array(line)),
            let place = json["reading"]?.intValue, let share = json["share"]?.doubleValue,
            place >= 0, (0...1).contains(share)
        else { return nil }
        return Reading(place: place, share: share)
    }
}

/// Gives a sign each second, from whatever thread.
final class LifeSigns: Sendable {
    private struct State {
        var last = ContinuousClock.now
        /// What was read since the last sign.
        var reading: WorkerSign.Reading?
    }
    private let state = Mutex(State())
    private let say: EncodingWorker.Say

    init(_ say: @escaping EncodingWorker.Say) { self.say = say }

    /// Notes how far a file is, for the next sign.
    func note(_ place: Int, _ share: Double) {
        state.withLock { $0.reading = WorkerSign.Reading(place: place, share: share) }
    }

    /// Gives a sign, where the last is a second ago.
    func give() {
        let now = ContinuousClock.now
        let line = state.withLock { state -> [UInt8]? in
            guard now - state.last > .seconds(1) else { return nil }
            defer { state.reading = nil }
            state.last = now
            return WorkerSign.line(state.reading)
        }
        if let line { say(line) }
    }
}
