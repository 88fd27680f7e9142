/// What a worker process has said and nobody has taken yet. Nothing in it is trusted.
struct WorkerOutput {
    private var bytes: [UInt8] = []
    /// Where the first line begins that may be an answer's last: an answer may be long, and come in many parts.
    private var unread = 0
    private var isAtLineStart = true
    private var isFresh = true
    /// Empty lines so far, which say no more than that the process has not stopped, and are not kept.
    private(set) var signsOfLife = 0

    /// Bytes that wait for the end of an answer.
    var count: Int { bytes.count }

    /// Adds what came next.
    mutating func add(_ part: ArraySlice<UInt8>) {
        for byte in part {
            if byte == 0x0A, isAtLineStart {
                signsOfLife += 1
            } else {
                bytes.append(byte)
                isAtLineStart = byte == 0x0A
            }
        }
    }

    /// The very first line, where it is a notice: what comes later may be a hostile file's words.
    mutating func takeNotice() -> WorkerNotice? {
        guard isFresh, bytes.contains(0x0A) else { return nil }
        isFresh = false
        return WorkerNotice.take(from: &bytes)
    }

    /// The lines of the next answer, once they are all there.
    mutating func takeAnswer() -> [UInt8]? {
        guard let end = EncodedLines.endOfFirst(bytes, from: &unread) else { return nil }
        defer {
            bytes.removeFirst(end)
            unread = 0
        }
        return Array(bytes[..<end])
    }
}
