import VideoDecoding

/// What a worker process has said and nobody has taken yet. Nothing in it is trusted.
package struct WorkerOutput {
    /// The frames of a clip, and what the line before them said.
    package struct Block: Equatable {
        package let interval: TimeRange
        package fileprivate(set) var bytes: [UInt8] = []
    }

    /// Lines; blocks are taken out of them.
    private var bytes: [UInt8] = []
    /// Where the first line begins that may be an answer's last: an answer may be long, and come in many parts.
    private var unread = 0
    /// Where the line begins that is not yet whole.
    private var lineStart = 0
    private var isFresh = true
    /// Those that are whole, in order.
    private var blocks: [Block] = []
    /// The one that is not whole yet.
    private var open: Block?
    /// Bytes of it that are to come.
    private var missing = 0
    /// Lines so far that say no more than that the process has not stopped, and how far it is; they are not kept.
    package private(set) var signsOfLife = 0
    /// What the last of them said that told how far it is.
    private var reading: WorkerSign.Reading?

    /// Bytes that a block must have; what announces other numbers is a line like any other.
    package var blockBytes = 0

    /// Nothing yet.
    package init() {}

    /// Bytes of lines that wait for the end of an answer.
    package var lineBytes: Int { bytes.count }

    /// Whether there is nothing that belongs to an answer, or could be taken for a part of one.
    package var isEmpty: Bool { bytes.isEmpty && blocks.isEmpty && open == nil }

    /// Adds what came next.
    package mutating func add(_ part: ArraySlice<UInt8>) {
        var rest = part
        while !rest.isEmpty {
            guard open != nil else {
                rest = addLines(rest)
                continue
            }
            let taken = rest.prefix(missing)
            open?.bytes.append(contentsOf: taken)
            missing -= taken.count
            rest = rest.dropFirst(taken.count)
            if missing == 0, let block = open {
                blocks.append(block)
                open = nil
            }
        }
    }

    /// Adds lines up to one that announces a block; returns what is behind it.
    private mutating func addLines(_ part: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        for place in part.indices {
            let byte = part[place]
            guard byte == 0x0A else {
                bytes.append(byte)
                continue
            }
            if lineStart == bytes.count {
                signsOfLife += 1
            } else if let reading = WorkerSign.read(bytes[lineStart...]) {
                signsOfLife += 1
                self.reading = reading
                if lineStart == 0 { isFresh = false }
                bytes.removeLast(bytes.count - lineStart)
            } else if blockBytes > 0,
                let interval = ClipLines.readStart(bytes[lineStart...], bytes: blockBytes)
            {
                var block = Block(interval: interval)
                block.bytes.reserveCapacity(blockBytes)
                (open, missing) = (block, blockBytes)
                // The first line was no notice.
                if lineStart == 0 { isFresh = false }
                bytes.removeLast(bytes.count - lineStart)
                return part[(place + 1)...]
            } else {
                bytes.append(byte)
                lineStart = bytes.count
            }
        }
        return []
    }

    /// The very first line, where it is a notice: what comes later may be a hostile file's words.
    package mutating func takeNotice() -> WorkerNotice? {
        guard isFresh, lineStart > 0 else { return nil }
        isFresh = false
        let count = bytes.count
        let notice = WorkerNotice.take(from: &bytes)
        lineStart -= count - bytes.count
        return notice
    }

    /// The next block, once it is all there.
    package mutating func takeBlock() -> Block? { blocks.isEmpty ? nil : blocks.removeFirst() }

    /// How far the process is by what it said last, once.
    package mutating func takeReading() -> WorkerSign.Reading? {
        defer { reading = nil }
        return reading
    }

    /// The lines of the next answer, once they are all there.
    package mutating func takeAnswer() -> [UInt8]? {
        guard let end = EncodedLines.endOfFirst(bytes, from: &unread) else { return nil }
        defer {
            bytes.removeFirst(end)
            unread = 0
            lineStart -= end
        }
        return Array(bytes[..<end])
    }
}
