import Base

/// What a worker process has said and nobody has taken yet, piece by piece. Nothing in it is trusted.
///
/// Every byte is looked at once, and none is kept but those of the message that is not whole yet.
package struct WorkerOutput {
    package enum Piece: Equatable {
        case message(WorkerMessage)
        /// How far the process is.
        case reading(WorkerSign.Reading)
        /// The very first line, where it is a notice: what comes later may be a hostile file's words.
        case notice(WorkerNotice)
        /// What no message begins with, or one with more bytes than are asked for. Nothing comes after it.
        case nonsense
    }

    /// What was added last and not yet looked at.
    private var added: ArraySlice<UInt8> = []
    /// The beginning of the header that is not whole yet.
    private var begun: [UInt8] = []
    /// The message that is not whole yet, and the bytes of it that are to come.
    private var open: (message: WorkerMessage, missing: Int)?
    private var isFresh = true
    private var isBroken = false
    /// Lines so far that say no more than that the process has not stopped, and how far it is.
    package private(set) var signsOfLife = 0

    /// Bytes that a message may have behind its header. They are kept as they come, whatever it announces.
    package var mostBytes = 0

    /// Bytes for which there is room before they come.
    private static let mostReserved = 1 << 20

    /// Nothing yet.
    package init() {}

    /// Whether there is nothing that belongs to an answer, or could be taken for a part of one.
    package var isEmpty: Bool { added.isEmpty && begun.isEmpty && open == nil && !isBroken }

    /// Bytes that are held.
    package var heldBytes: Int { added.count + begun.count + (open?.message.bytes.count ?? 0) }

    /// Adds what came next. Whoever adds it has taken what came before.
    package mutating func add(_ part: ArraySlice<UInt8>) {
        if isBroken { return }
        added = added.isEmpty ? part : added + part
    }

    /// The next piece, in order; nil where it is not all there.
    package mutating func take() -> Piece? {
        while !added.isEmpty, !isBroken {
            if open != nil {
                if let message = fill() { return .message(message) }
            } else if let line = takeLine() {
                if let piece = piece(line) { return piece }
            }
            if isBroken {
                (begun, added) = ([], [])
                return .nonsense
            }
        }
        return nil
    }

    /// Moves bytes to the open message; gives it once it is whole.
    private mutating func fill() -> WorkerMessage? {
        guard let missing = open?.missing else { return nil }
        let taken = added.prefix(missing)
        open?.message.bytes.append(contentsOf: taken)
        open?.missing -= taken.count
        drop(taken.count)
        guard open?.missing == 0, let message = open?.message else { return nil }
        open = nil
        return message
    }

    /// The next line, without its end; nil where its end is not there, or it is too long.
    private mutating func takeLine() -> [UInt8]? {
        let end = added.firstIndex(of: 0x0A)
        let rest = added[..<(end ?? added.endIndex)]
        guard begun.count + rest.count <= WorkerMessage.longestHeader else {
            isBroken = true
            return nil
        }
        begun += rest
        drop(rest.count + (end == nil ? 0 : 1))
        guard end != nil else { return nil }
        defer { begun = [] }
        return begun
    }

    /// What a line is; nil where it says nothing, or bytes follow it.
    private mutating func piece(_ line: [UInt8]) -> Piece? {
        if line.isEmpty {
            signsOfLife += 1
            return nil
        }
        guard let header = WorkerMessage.header(line) else {
            isBroken = true
            return nil
        }
        defer { isFresh = false }
        if isFresh, let notice = WorkerNotice(header) { return .notice(notice) }
        if let reading = WorkerSign.read(header) {
            signsOfLife += 1
            return .reading(reading)
        }
        var message = WorkerMessage(header: header, bytes: [])
        guard let announced = header["bytes"] else { return .message(message) }
        guard let count = announced.intValue, count > 0, count <= mostBytes else {
            isBroken = true
            return nil
        }
        message.bytes.reserveCapacity(min(count, Self.mostReserved))
        open = (message, count)
        return nil
    }

    /// Forgets bytes that were looked at. Who added them can use their place again once there are none.
    private mutating func drop(_ count: Int) {
        added = added.dropFirst(count)
        if added.isEmpty { added = [] }
    }
}
