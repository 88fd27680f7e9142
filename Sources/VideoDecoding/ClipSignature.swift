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

    /// The signature of a clip.
    ///
    /// - Parameters:
    ///   - clip: of frames with this geometry.
    ///   - plan: that the clip was read by.
    public init(_ clip: Clip, plan: ClipPlan, geometry: FrameGeometry) {
        let moments = Self.momentCount
        let frameCount = plan.framesPerClip
        precondition(
            clip.frames.count == frameCount * geometry.frameBytes, "the clip has this plan and geometry")
        // The last whole clip of a video is cut off where the video ends; its frames lie as in every other.
        let whole = plan.clipDuration * (1 - 0.5 / Double(frameCount)) - 1e-6
        let length = clip.interval.duration >= whole ? plan.clipDuration : clip.interval.duration
        var cells = GreyCells(geometry)
        for moment in 0..<moments {
            cells.add(clip.frames, frame: (2 * moment + 1) * frameCount / (2 * moments))
        }
        let (detail, differences, largest) = cells.summary
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for value in [Float(max(length, 1e-3) / Double(moments)), largest] {
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

    /// Seconds from one moment to the next; the first lies half of that behind the clip's start.
    public var spacing: Float { float(at: 0) }

    /// In grey levels.
    private var largestDifference: Float { float(at: 4) }

    private func float(at offset: Int) -> Float {
        let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
        return Float(bitPattern: bits)
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

/// Sums up the frames of a clip in cells.
private struct GreyCells {
    private let geometry: FrameGeometry
    /// Grey levels of all frames together, × 256, per pixel.
    private var total: [UInt32]
    private var moments: [[Float]] = []
    private let columns: [Int]
    private let rows: [Int]

    init(_ geometry: FrameGeometry) {
        self.geometry = geometry
        total = Array(repeating: 0, count: geometry.width * geometry.height)
        columns = Self.borders(geometry.width, ClipSignature.side)
        rows = Self.borders(geometry.height, ClipSignature.side)
    }

    /// Where cells begin, and the end; every cell has a pixel.
    private static func borders(_ pixels: Int, _ cells: Int) -> [Int] {
        (0...cells).map { $0 * pixels / cells }
    }

    mutating func add(_ frames: [UInt8], frame: Int) {
        let (width, height, side) = (geometry.width, geometry.height, ClipSignature.side)
        var grey = [UInt32](repeating: 0, count: width * height)
        frames.withUnsafeBufferPointer { frames in
            let pixels = UnsafeBufferPointer(rebasing: frames[(frame * geometry.frameBytes)...])
            grey.withUnsafeMutableBufferPointer { grey in
                for i in 0..<width * height {
                    // BT.601's weights.
                    grey[i] =
                        77 * UInt32(pixels[3 * i]) + 150 * UInt32(pixels[3 * i + 1])
                        + 29 * UInt32(pixels[3 * i + 2])
                }
            }
        }
        total.withUnsafeMutableBufferPointer { total in
            grey.withUnsafeBufferPointer { grey in for i in grey.indices { total[i] &+= grey[i] } }
        }
        moments.append(Self.means(grey, width: width, columns, rows, side: side, frames: 1))
    }

    private static func means(
        _ grey: [UInt32], width: Int, _ columns: [Int], _ rows: [Int], side: Int, frames: Int
    ) -> [Float] {
        var means = [Float](repeating: 0, count: side * side)
        grey.withUnsafeBufferPointer { grey in
            for y in 0..<side {
                let (top, bottom) = (rows[y], max(rows[y + 1], rows[y] + 1))
                for x in 0..<side {
                    let (left, right) = (columns[x], max(columns[x + 1], columns[x] + 1))
                    var sum: UInt64 = 0
                    for row in top..<bottom {
                        for i in row * width + left..<row * width + right { sum &+= UInt64(grey[i]) }
                    }
                    means[y * side + x] = Float(sum) / Float(256 * frames * (bottom - top) * (right - left))
                }
            }
        }
        return means
    }

    /// The mean picture as bytes, and what the moments differ from their mean by.
    var summary: (detail: [UInt8], differences: [Float], largest: Float) {
        let side = ClipSignature.detailSide
        let detail = Self.means(
            total, width: geometry.width, Self.borders(geometry.width, side),
            Self.borders(geometry.height, side), side: side, frames: moments.count)
        let cells = ClipSignature.side * ClipSignature.side
        var mean = [Float](repeating: 0, count: cells)
        for moment in moments { for i in 0..<cells { mean[i] += moment[i] / Float(moments.count) } }
        let differences = moments.flatMap { moment in (0..<cells).map { moment[$0] - mean[$0] } }
        return (
            detail.map { UInt8($0.rounded()) }, differences, differences.reduce(0) { max($0, $1.magnitude) }
        )
    }
}
