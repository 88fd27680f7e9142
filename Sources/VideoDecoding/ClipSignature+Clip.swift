import Base

extension ClipSignature {
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
        self.init(
            spacing: Float(max(length, 1e-3) / Double(moments)), detail: detail, differences: differences,
            largest: largest)
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
