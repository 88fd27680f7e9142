/// What an index keeps of a clip's pictures, so that two clips can be held against each other without their files: the
/// mean picture at 28 × 28 cells, and how eight moments differ from their mean at 16 × 16, all grey.
///
/// 1,816 bytes per clip, little-endian:
///
/// | bytes | what |
/// |---|---|
/// | 4 | seconds from one moment to the next, float32 |
/// | 4 | the largest difference, in grey levels, float32 |
/// | 784 | the mean picture, row by row, a grey level per byte |
/// | 1,024 | the eight moments' differences, row by row, four bits per cell, the first cell in the low bits |
///
/// Four bits are a sign (8) and a magnitude m of 0…7, which stands for (m/7)² of the largest difference: small differences,
/// of which most pictures consist, keep their detail.
public struct ClipSignature: Sendable, Hashable {
    /// Moments per clip.
    public static let momentCount = 8
    /// Cells per side of a moment.
    public static let side = 16
    /// Cells per side of the mean picture.
    public static let detailSide = 28
    /// Bytes per clip.
    public static let byteCount = 8 + detailSide * detailSide + momentCount * side * side / 2

    /// As an index stores them.
    public let bytes: [UInt8]

    /// Reads stored bytes; nil where they are not a signature's. Any cell values are one.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
        guard spacing.isFinite, spacing > 0, spacing < 1e6, largestDifference.isFinite,
            (0...255).contains(largestDifference)
        else { return nil }
    }

    /// Seconds from one moment to the next; the first lies half of that behind the clip's start.
    public var spacing: Float { float(at: 0) }

    /// In grey levels.
    private var largestDifference: Float { float(at: 4) }

    private func float(at offset: Int) -> Float {
        let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
        return Float(bitPattern: bits)
    }

    /// As it is stored.
    ///
    /// - Parameters:
    ///   - spacing: seconds from one moment to the next.
    ///   - detail: the mean picture, a grey level per cell.
    ///   - differences: of the moments from their mean, none above `largest`.
    package init(spacing: Float, detail: [UInt8], differences: [Float], largest: Float) {
        precondition(detail.count == Self.detailSide * Self.detailSide)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for value in [spacing, largest] {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes += detail
        let scale = largest > 0 ? 1 / largest : 0
        for pair in stride(from: 0, to: differences.count, by: 2) {
            bytes.append(Self.code(differences[pair] * scale) | Self.code(differences[pair + 1] * scale) << 4)
        }
        self.bytes = bytes
    }

    private static func code(_ share: Float) -> UInt8 {
        let magnitude = UInt8((share.magnitude.squareRoot() * 7).rounded())
        return share < 0 ? magnitude | 8 : magnitude
    }

    /// The mean picture, 28 × 28 grey levels.
    public var detail: [Float] { bytes[8..<8 + Self.detailSide * Self.detailSide].map(Float.init) }

    /// How the moments differ from their mean: eight times 16 × 16 grey levels.
    public var differences: [Float] {
        let largest = largestDifference
        let values = (0..<16).map { code -> Float in
            let share = Float(code & 7) / 7
            return (code & 8 == 0 ? 1 : -1) * share * share * largest
        }
        let count = Self.momentCount * Self.side * Self.side
        return [Float](unsafeUninitializedCapacity: count) { cells, initializedCount in
            values.withUnsafeBufferPointer { values in
                bytes.withUnsafeBufferPointer { bytes in
                    let codes = UnsafeBufferPointer(rebasing: bytes[(bytes.count - count / 2)...])
                    for place in codes.indices {
                        cells[2 * place] = values[Int(codes[place] & 15)]
                        cells[2 * place + 1] = values[Int(codes[place] >> 4)]
                    }
                }
            }
            initializedCount = count
        }
    }
}
