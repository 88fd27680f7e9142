import Base

/// What a worker process has said and nobody has taken yet, piece by piece. Nothing in it is trusted.
///
/// Every byte is looked at once, and none is kept but those of the line, or the clip, that is not whole yet.
package struct WorkerOutput {
    package enum Piece: Equatable {
        /// A line that is not empty, without its end.
        case line([UInt8])
        case block(Block)
        /// How far the process is.
        case reading(WorkerSign.Reading)
        /// The very first line, where it is a notice: what comes later may be a hostile file's words.
        case notice(WorkerNotice)
        /// A line that is longer than any honest one. Nothing comes after it.
        case tooLong
    }

    /// The frames of a clip, and what the line before them said.
    package struct Block: Equatable {
        package let interval: TimeRange
        package fileprivate(set) var bytes: [UInt8] = []
    }

    /// What was added last and not yet looked at.
    private var added: ArraySlice<UInt8> = []
    /// The beginning of the line that is not whole yet.
    private var begun: [UInt8] = []
    /// The block that is not whole yet, and the bytes of it that are to come.
    private var open: (block: Block, missing: Int)?
    private var isFresh = true
    private var isBroken = false
    /// Lines so far that say no more than that the process has not stopped, and how far it is.
    package private(set) var signsOfLife = 0

    /// Bytes that a line may have, its end not counted.
    package var longestLine: Int
    /// Bytes that a block must have; what announces other numbers is a line like any other.
    package var blockBytes = 0

    /// Nothing yet.
    package init(longestLine: Int = EncodedLines.longestOther) { self.longestLine = longestLine }

    /// Whether there is nothing that belongs to an answer, or could be taken for a part of one.
    package var isEmpty: Bool { added.isEmpty && begun.isEmpty && open == nil && !isBroken }

    /// Bytes that are held.
    package var heldBytes: Int { added.count + begun.count + (open?.block.bytes.count ?? 0) }

    /// Adds what came next. Whoever adds it has taken what came before.
    package mutating func add(_ part: ArraySlice<UInt8>) {
        added = added.isEmpty ? part : added + part
    }

    /// The next piece, in order; nil where it is not all there.
    package mutating func take() -> Piece? {
        while !added.isEmpty, !isBroken {
            if open != nil {
                if let block = fillBlock() { return .block(block) }
            } else if let line = takeLine() {
                if let piece = piece(line) { return piece }
            } else if isBroken {
                return .tooLong
            }
        }
        return nil
    }

    /// Moves bytes to the open block; gives it once it is whole.
    private mutating func fillBlock() -> Block? {
        guard let missing = open?.missing else { return nil }
        let taken = added.prefix(missing)
        open?.block.bytes.append(contentsOf: taken)
        open?.missing -= taken.count
        drop(taken.count)
        guard open?.missing == 0, let block = open?.block else { return nil }
        open = nil
        return block
    }

    /// The next line, without its end; nil where its end is not there, or it is too long.
    private mutating func takeLine() -> [UInt8]? {
        let end = added.firstIndex(of: 0x0A)
        let rest = added[..<(end ?? added.endIndex)]
        guard begun.count + rest.count <= longestLine else {
            isBroken = true
            (begun, added) = ([], [])
            return nil
        }
        begun += rest
        drop(rest.count + (end == nil ? 0 : 1))
        guard end != nil else { return nil }
        defer { begun = [] }
        return begun
    }

    /// What a line is; nil where it says nothing, or announces a block.
    private mutating func piece(_ line: [UInt8]) -> Piece? {
        if line.isEmpty {
            signsOfLife += 1
            return nil
        }
        defer { isFresh = false }
        if isFresh, let notice = WorkerNotice(line) { return .notice(notice) }
        if let reading = WorkerSign.read(line[...]) {
            signsOfLife += 1
            return .reading(reading)
        }
        guard blockBytes > 0, let interval = ClipLines.readStart(line, bytes: blockBytes) else {
            return .line(line)
        }
        var block = Block(interval: interval)
        block.bytes.reserveCapacity(blockBytes)
        open = (block, blockBytes)
        return nil
    }

    /// Forgets bytes that were looked at. Who added them can use their place again once there are none.
    private mutating func drop(_ count: Int) {
        added = added.dropFirst(count)
        if added.isEmpty { added = [] }
    }
}
