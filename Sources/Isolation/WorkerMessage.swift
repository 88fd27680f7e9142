import Base

/// What a worker process says at a time: a line of JSON, and as many bytes behind it as its member `bytes` announces.
///
///     {"clips":3,"video":{"codec":"h264",…}}⏎ {"bytes":8568,"part":3}⏎ 8568 bytes
///     {"bytes":602112,"clip":{"from":0.0,"to":2.0}}⏎ 602112 bytes {"clips":1}⏎
///     {"duration":6.2}⏎
///     {"error":{"message":"cut short","reason":"damaged"}}⏎
package struct WorkerMessage: Sendable, Equatable {
    /// Always an object.
    package var header: JSONValue
    /// Of the header's line, without its end: six for each byte of an error's words, as JSON may spell it, or a video's facts.
    package static let longestHeader = 8192
    /// Of a header, those within others included.
    private static let mostValues = 48
    package var bytes: [UInt8]

    /// A message by its main member.
    ///
    /// - Parameter more: other members.
    package init(
        _ name: String, _ value: JSONValue, _ more: [JSONValue.Member] = [], bytes: [UInt8] = []
    ) {
        let count = bytes.isEmpty ? [] : [JSONValue.Member("bytes", .number(bytes.count))]
        header = .object([.init(name, value)] + more + count)
        self.bytes = bytes
    }

    /// A message as it was read.
    init(header: JSONValue, bytes: [UInt8]) {
        self.header = header
        self.bytes = bytes
    }

    /// Whether the header has these members and no others.
    func hasOnly(_ names: String...) -> Bool { Self.hasOnly(names, header) }

    /// The same of a header by itself.
    static func hasOnly(_ names: [String], _ header: JSONValue) -> Bool {
        guard case .object(let members) = header else { return false }
        return members.count == names.count && names.allSatisfy { header[$0] != nil }
    }

    /// The header's line with its end.
    var line: [UInt8] { Array((header.serialized() + "\n").utf8) }

    /// The message as it goes through a pipe.
    package var encoded: [UInt8] { line + bytes }

    /// The header that a line is; nil where it is none, or has more values than any of ours.
    static func header(_ line: [UInt8]) -> JSONValue? {
        guard let json = try? JSONValue(parsing: line, values: mostValues), case .object = json else {
            return nil
        }
        return json
    }
}

/// What a message comes to, of those that make an answer.
package enum Heard<Answer> {
    /// Others follow.
    case more
    /// It is the answer's last.
    case end(Result<Answer, WorkerFailure>)
    /// It could not stand there.
    case nonsense
}
