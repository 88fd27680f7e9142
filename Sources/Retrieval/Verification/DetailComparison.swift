import Base

/// How far the fine detail of two mean pictures agrees, brought over each other.
struct DetailComparison {
    /// Correlation of what is finer than three cells, −1…1.
    let correlation: Double
    /// The same of the query's picture with itself, had it come by way of the target's cells: what the same picture would have at best.
    let attainable: Double

    fileprivate static let side = ClipSignature.detailSide

    /// Nil where the two have no clips there, or no cells in common.
    init?(_ query: PictureTrack, _ target: PictureTrack, _ segment: AlignedSegment, _ warp: PictureWarp) {
        guard let own = query.detail(in: segment.query), let other = target.detail(in: segment.target) else {
            return nil
        }
        let across = DetailAxis(warp.scaleX, warp.shiftX, isMirrored: warp.isMirrored)
        let down = DetailAxis(warp.scaleY, warp.shiftY, isMirrored: false)
        // A cell needs its eight neighbours.
        guard across.inside.count >= 3, down.inside.count >= 3 else { return nil }
        func fine(_ picture: [Float]) -> [Float] { Self.fine(picture, across.inside, down.inside) }
        let seen = fine(own)
        correlation = Self.correlation(seen, fine(across.transposed(down.transposed(other))))
        attainable = Self.correlation(
            seen, fine(across.softened.transposed(down.softened.transposed(own))))
    }

    /// The picture less the mean of each cell's neighbourhood of 3 × 3; 0 at the edges and outside.
    private static func fine(_ picture: [Float], _ columns: Range<Int>, _ rows: Range<Int>) -> [Float] {
        var result = [Float](repeating: 0, count: picture.count)
        for y in rows.lowerBound + 1..<rows.upperBound - 1 {
            for x in columns.lowerBound + 1..<columns.upperBound - 1 {
                var sum: Float = 0
                for row in y - 1...y + 1 {
                    let place = row * side + x
                    sum += picture[place - 1] + picture[place] + picture[place + 1]
                }
                result[y * side + x] = picture[y * side + x] - sum / 9
            }
        }
        return result
    }

    private static func correlation(_ own: [Float], _ other: [Float]) -> Double {
        var (aa, bb, ab) = (0.0, 0.0, 0.0)
        for (a, b) in zip(own, other) {
            aa += Double(a * a)
            bb += Double(b * b)
            ab += Double(a * b)
        }
        return ab / ((aa * bb).squareRoot() + 1e-3)
    }
}

/// What the query's cells are made of along one axis of mean pictures.
private struct DetailAxis {
    /// Entry side · c + s: how much cell s adds to the query's cell c.
    private var weights: [Float]
    /// The query's cells whose middle lies in the target.
    let inside: Range<Int>
    private let scale: Double
    private let shift: Double
    private let isMirrored: Bool

    private static let side = DetailComparison.side

    /// Where a cell is wider than the target's, it is made of four samples, otherwise of one, each between two cells.
    init(_ scale: Double, _ shift: Double, isMirrored: Bool) {
        (self.scale, self.shift, self.isMirrored) = (scale, shift, isMirrored)
        let side = Self.side
        weights = Array(repeating: 0, count: side * side)
        var (first, last) = (side, 0)
        let samples = scale > 1 ? 4 : 1
        for cell in 0..<side {
            let own = (Double(cell) + 0.5) / Double(side) * 2 - 1
            let middle = isMirrored ? -own : own
            guard abs(scale * middle + shift) <= 1 else { continue }
            (first, last) = (min(first, cell), cell + 1)
            for sample in 0..<samples {
                let step = samples == 1 ? 0 : -0.375 + 0.25 * Double(sample)
                let x = scale * (middle + 2 * step / Double(side)) + shift
                let place = min(max((x + 1) / 2 * Double(side) - 0.5, 0), Double(side - 1))
                let low = min(Int(place), side - 2)
                let share = Float(place - Double(low))
                weights[side * cell + low] += (1 - share) / Float(samples)
                weights[side * cell + low + 1] += share / Float(samples)
            }
        }
        inside = first < last ? first..<last : 0..<0
    }

    /// Of the query's own cells, seen by way of the target's, each of which is the mean of those that lie on it.
    var softened: DetailAxis {
        let side = Self.side
        var result = self
        result.weights = Array(repeating: 0, count: side * side)
        for cell in 0..<side {
            func own(_ border: Int) -> Double {
                ((2 * Double(border) / Double(side) - 1 - shift) / scale + 1) / 2 * Double(side)
            }
            let (from, to) = (own(cell), own(cell + 1))
            let (first, last) = isMirrored ? (Double(side) - to, Double(side) - from) : (from, to)
            let covered = min(last, Double(side)) - max(first, 0)
            for place in 0..<side {
                var share = max(0, min(last, Double(place + 1)) - max(first, Double(place))) / covered
                // Beyond an edge lies what lies at the edge.
                if !(covered > 1e-9) { share = place == (first < Double(side) / 2 ? 0 : side - 1) ? 1 : 0 }
                guard share > 0 else { continue }
                for c in inside where weights[side * c + cell] != 0 {
                    result.weights[side * c + place] += Float(share) * weights[side * c + cell]
                }
            }
        }
        return result
    }

    /// The picture's rows as this axis makes them, each as a column: once down and once across, and all lie where they were.
    func transposed(_ picture: [Float]) -> [Float] {
        let side = Self.side
        var result = [Float](repeating: 0, count: side * side)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: side) { line in
            picture.withUnsafeBufferPointer { picture in
                weights.withUnsafeBufferPointer { weights in
                    for cell in inside {
                        line.initialize(repeating: 0)
                        for row in 0..<side where weights[side * cell + row] != 0 {
                            let weight = weights[side * cell + row]
                            for x in 0..<side { line[x] += weight * picture[side * row + x] }
                        }
                        for x in 0..<side { result[side * x + cell] = line[x] }
                    }
                }
            }
        }
        return result
    }
}
