extension Sequence<UInt8> {
    /// Whether a line holds nothing but white space: every reader of lines passes over it.
    package var isBlankLine: Bool { allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } }
}

/// Cuts a stream of bytes into lines no longer than a limit.
package struct LineSplitter {
    let maximumLength: Int
    private var partial: [UInt8] = []
    private var isSkipping = false

    package init(maximumLength: Int) { self.maximumLength = maximumLength }

    /// Takes what was read and hands out every line that it completes, and one that went over the limit at once.
    package mutating func add(_ bytes: UnsafeRawBufferPointer, each: (LineInput.Line) -> Void) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            take(rest[..<end], each)
            finishLine(each)
            rest = rest[(end + 1)...]
        }
        take(rest, each)
    }

    /// The end of the stream: what came after the last line break is a line as well.
    package mutating func finish(each: (LineInput.Line) -> Void) {
        if !partial.isEmpty { finishLine(each) }
    }

    private mutating func take(_ bytes: Slice<UnsafeRawBufferPointer>, _ each: (LineInput.Line) -> Void) {
        guard !isSkipping else { return }
        guard partial.count + bytes.count <= maximumLength else {
            isSkipping = true
            partial = []
            each(.tooLong)
            return
        }
        partial += bytes
    }

    private mutating func finishLine(_ each: (LineInput.Line) -> Void) {
        if !isSkipping { each(.bytes(partial)) }
        isSkipping = false
        partial.removeAll(keepingCapacity: true)
    }
}
