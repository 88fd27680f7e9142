/// A parameter of a statement. Everything goes in PostgreSQL's binary formats, never as a part of the statement's text, so
/// that no file name can be taken for SQL, and no text is cut at a zero byte.
enum PostgresValue {
    case integer(Int64)
    case real(Double?)
    case text(String)
    case texts([String])
    case bytes([UInt8])
    /// pgvector's `halfvec`: bit patterns of float16.
    case halves([UInt16])

    /// PostgreSQL's number of the type; 0 has the statement say it, since an extension's types have no fixed number.
    var type: UInt32 {
        switch self {
        case .integer: 20
        case .real: 701
        case .text: 25
        case .texts: 1009
        case .bytes: 17
        case .halves: 0
        }
    }

    /// Big-endian, as the server's receive functions read it; nil is NULL.
    var encoded: [UInt8]? {
        switch self {
        case .integer(let value): bigEndian(value)
        case .real(let value): value.map { bigEndian($0.bitPattern) }
        case .text(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        case .texts(let texts):
            // Dimensions, no NULLs, the elements' type, their count, and the first one's number.
            texts.reduce(
                into: [1, 0, 25, Int32(texts.count), 1].flatMap { bigEndian($0) }
            ) { bytes, text in
                bytes += bigEndian(Int32(text.utf8.count))
                bytes += text.utf8
            }
        case .halves(let halves):
            halves.reduce(into: bigEndian(Int16(halves.count)) + [0, 0]) { $0 += bigEndian($1) }
        }
    }
}

private func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
