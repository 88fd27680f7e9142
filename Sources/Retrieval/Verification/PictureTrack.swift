import Base

/// What a video looks like over time, as far as an index keeps it: grey pictures of 16 × 16 cells, four per second with the
/// default model, and a finer mean picture per clip (`ClipSignature`).
public struct PictureTrack: Sendable {
    /// Cells per side.
    static let side = ClipSignature.side

    /// Seconds, rising.
    let times: [Double]
    /// Per picture its 16 rows.
    let rows: [SIMD16<Float>]
    /// Each picture as 4 × 4 blocks, row by row, less their mean.
    let blocks: [SIMD16<Float>]
    /// Seconds from one picture to the next within a clip.
    let spacing: Double
    /// When each clip is, with its mean picture of 28 × 28 cells, row by row.
    let details: [(interval: TimeRange, cells: [Float])]
    /// The part of the picture without constant bars.
    let content: PictureBox
    /// Width of the picture by its height, as it is shown; nil where that is not known.
    public var shape: Double?

    /// Nil where no signatures were kept.
    ///
    /// - Parameter intervals: of the clips, by rising start; as many as signatures.
    public init?(intervals: [TimeRange], signatures: [ClipSignature]) {
        guard !signatures.isEmpty, signatures.count == intervals.count else { return nil }
        var times: [Double] = []
        var rows: [SIMD16<Float>] = []
        var details: [(interval: TimeRange, cells: [Float])] = []
        rows.reserveCapacity(signatures.count * ClipSignature.momentCount * Self.side)
        for (interval, signature) in zip(intervals, signatures) {
            let spacing = Double(signature.spacing)
            let pictures = signature.pictures()
            details.append((interval, signature.detail))
            for moment in 0..<ClipSignature.momentCount {
                let time = interval.start + (Double(moment) + 0.5) * spacing
                // The last clip may overlap the one before it.
                if let last = times.last, time < last + 0.5 * spacing { continue }
                times.append(time)
                rows += pictures[moment * Self.side..<(moment + 1) * Self.side]
            }
        }
        self.times = times
        self.rows = rows
        blocks = Self.blocks(rows)
        self.details = details
        spacing = signatures.map { Double($0.spacing) }.max() ?? 0.25
        content = PictureBox(rows)
    }

    private static func blocks(_ rows: [SIMD16<Float>]) -> [SIMD16<Float>] {
        stride(from: 0, to: rows.count, by: side).map { picture in
            var blocks = SIMD16<Float>()
            for line in 0..<4 {
                let first = picture + 4 * line
                let sum = rows[first] + rows[first + 1] + rows[first + 2] + rows[first + 3]
                let pairs = sum.evenHalf + sum.oddHalf
                let means = (pairs.evenHalf + pairs.oddHalf) / 16
                for block in 0..<4 { blocks[4 * line + block] = means[block] }
            }
            return blocks - blocks.sum() / 16
        }
    }

    /// From the first clip's start to the last one's stop.
    var extent: TimeRange {
        TimeRange(
            start: details.first?.interval.start ?? 0, stop: details.reduce(0) { max($0, $1.interval.stop) })
    }

    /// The place of a time among the pictures: between `index` and the next one, by `share`; nil where no picture is near.
    func place(of time: Double) -> (index: Int, share: Float)? {
        guard let first = times.first, let last = times.last,
            time >= first - spacing, time <= last + spacing
        else { return nil }
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= time { low = middle + 1 } else { high = middle }
        }
        let index = max(0, low - 1)
        guard index + 1 < times.count, time > times[index] else { return (index, 0) }
        let gap = times[index + 1] - times[index]
        if gap > 1.75 * spacing {
            // Clips with a gap between them.
            if time - times[index] <= spacing { return (index, 0) }
            return times[index + 1] - time <= spacing ? (index + 1, 0) : nil
        }
        return (index, Float((time - times[index]) / gap))
    }

    /// All pictures, 256 cells each, row by row.
    func withPictures(_ body: (UnsafePointer<Float>) -> Void) {
        rows.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: Float.self)) }
    }

    /// The mean picture of the clips within a time range, at 28 × 28 cells; nil if there are none.
    func detail(in range: TimeRange) -> [Float]? {
        var sum: [Float] = []
        var weight: Float = 0
        for (interval, cells) in details {
            let overlap = Float(interval.overlap(range))
            guard overlap > 0 else { continue }
            if sum.isEmpty { sum = Array(repeating: 0, count: cells.count) }
            for cell in cells.indices { sum[cell] += overlap * cells[cell] }
            weight += overlap
        }
        return weight > 0 ? sum.map { $0 / weight } : nil
    }
}

extension ClipSignature {
    /// The pictures of its moments, 16 rows each.
    func pictures() -> [SIMD16<Float>] {
        let mean = CellReduction.toMoments.apply(detail)
        let count = Self.momentCount * Self.side
        return mean.withUnsafeBytes { mean in
            differences.withUnsafeBytes { differences in
                (0..<count).map { mean.row($0 % Self.side) + differences.row($0) }
            }
        }
    }
}

/// A part of a picture, in coordinates from −1 (left, top) to 1.
struct PictureBox: Sendable, Equatable {
    var x = 0.0
    var halfWidth = 1.0
    var y = 0.0
    var halfHeight = 1.0

    /// Lines within fewer grey levels of each other, over the whole video, are a bar.
    private static let barRange: Float = 10

    /// The part that is left without the bars at the edges, each at most a third of the picture.
    init(_ rows: [SIMD16<Float>]) {
        let side = PictureTrack.side
        var lowest = [SIMD16<Float>](repeating: SIMD16(repeating: .infinity), count: side)
        var highest = [SIMD16<Float>](repeating: SIMD16(repeating: -.infinity), count: side)
        for y in 0..<side {
            var (low, high) = (lowest[y], highest[y])
            for place in stride(from: y, to: rows.count, by: side) {
                let row = rows[place]
                low.replace(with: row, where: row .< low)
                high.replace(with: row, where: row .> high)
            }
            (lowest[y], highest[y]) = (low, high)
        }
        (y, halfHeight) = Self.inside(lowest.map { $0.min() }, highest.map { $0.max() })
        let low = lowest.reduce(SIMD16(repeating: .infinity)) { pointwiseMin($0, $1) }
        let high = highest.reduce(SIMD16(repeating: -.infinity)) { pointwiseMax($0, $1) }
        (x, halfWidth) = Self.inside(low.cells, high.cells)
    }

    /// All of the picture.
    static let whole = PictureBox()

    private init() {}

    /// Without the lines at both ends that are all of one level.
    private static func inside(_ lowest: [Float], _ highest: [Float]) -> (middle: Double, half: Double) {
        let count = lowest.count
        func bar(_ lines: some Sequence<Int>) -> Int {
            var (low, high) = (Float.infinity, -Float.infinity)
            return lines.prefix { line in
                (low, high) = (min(low, lowest[line]), max(high, highest[line]))
                return high - low < barRange
            }.count
        }
        let (first, last) = (bar(0..<count / 3), count - bar((count - count / 3..<count).reversed()))
        return (Double(first + last) / Double(count) - 1, Double(last - first) / Double(count))
    }
}

extension SIMD16<Float> {
    fileprivate var cells: [Float] { indices.map { self[$0] } }
}

/// 28 × 28 cells as 16 × 16, by area.
private struct CellReduction: Sendable {
    static let toMoments = CellReduction(from: ClipSignature.detailSide, to: ClipSignature.side)
    /// Cells that a cell of the result covers at most.
    private static let most = 3
    private let from: Int
    private let to: Int
    /// For each cell of the result: the first of `most` cells in a row of which it covers any.
    private let first: [Int]
    /// How much it covers of each of them; 0 for some.
    private let weights: [Float]

    private init(from: Int, to: Int) {
        (self.from, self.to) = (from, to)
        let size = Double(from) / Double(to)
        precondition(size > 1 && size <= 2, "a cell covers three at most")
        first = (0..<to).map { min(Int(Double($0) * size), from - Self.most) }
        weights = zip(0..<to, first).flatMap { cell, first in
            let (start, stop) = (Double(cell) * size, Double(cell + 1) * size)
            return (first..<first + Self.most).map {
                Float(max(0, min(stop, Double($0 + 1)) - max(start, Double($0))) / size)
            }
        }
    }

    func apply(_ cells: [Float]) -> [Float] {
        [Float](unsafeUninitializedCapacity: to * to) { result, initializedCount in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: from) { line in
                cells.withUnsafeBufferPointer { cells in
                    weights.withUnsafeBufferPointer { weights in
                        for y in 0..<to {
                            let (top, down) = (from * first[y], Self.most * y)
                            for x in 0..<from {
                                line[x] =
                                    weights[down] * cells[top + x] + weights[down + 1]
                                    * cells[top + from + x] + weights[down + 2] * cells[top + 2 * from + x]
                            }
                            for x in 0..<to {
                                let (left, across) = (first[x], Self.most * x)
                                result[y * to + x] =
                                    weights[across] * line[left] + weights[across + 1] * line[left + 1]
                                    + weights[across + 2] * line[left + 2]
                            }
                        }
                    }
                }
            }
            initializedCount = to * to
        }
    }
}

extension UnsafeRawBufferPointer {
    /// A row of 16 floats.
    fileprivate func row(_ number: Int) -> SIMD16<Float> {
        loadUnaligned(fromByteOffset: number * MemoryLayout<SIMD16<Float>>.size, as: SIMD16<Float>.self)
    }
}
