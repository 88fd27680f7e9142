/// How much the pictures of two videos agree, brought over each other in one way.
struct PictureScore: Sendable {
    /// Correlation of what changes over time, −1…1: of each cell's difference from its mean over the compared part, the whole
    /// picture's brightness taken out of every picture.
    var change: Double
    /// Correlation of the mean pictures, −1…1.
    var still: Double
    /// Variance of a cell over time, in squared grey levels: the smaller one of the two videos'.
    var motion: Double
    /// Pictures that were compared.
    var count: Int
    /// The share of the query's picture that lies in the target's.
    var share: Double

    /// What a search for the best warp makes largest. Where next to nothing moves, changes are noise.
    var goal: Double { change * motion / (motion + 1) + 0.5 * still }
}

/// Compares pictures of a query with those of a target under warps. Belongs to one thread.
final class PictureComparison {
    private let query: PictureTrack
    private let target: PictureTrack
    /// Places of the query's pictures that are compared.
    private let chosen: [Int]
    /// The middle of their times.
    let middle: Double
    /// Room for a picture between two, for its sums across, and for the result, by rows.
    private let between: UnsafeMutablePointer<SIMD16<Float>>
    private let across: UnsafeMutablePointer<SIMD16<Float>>
    private let warped: UnsafeMutablePointer<SIMD16<Float>>

    /// - Parameter chosen: places of pictures of the query; at least one.
    init(_ query: PictureTrack, _ target: PictureTrack, chosen: [Int]) {
        self.query = query
        self.target = target
        self.chosen = chosen
        middle = chosen.reduce(0) { $0 + query.times[$1] } / Double(chosen.count)
        between = .allocate(capacity: 3 * PictureTrack.side)
        between.initialize(repeating: SIMD16(), count: 3 * PictureTrack.side)
        across = between + PictureTrack.side
        warped = across + PictureTrack.side
    }

    deinit { between.deallocate() }

    /// Nil where too little of the query lies in the target to say anything.
    ///
    /// - Parameter step: every so-many-th picture alone is compared.
    func score(_ warp: PictureWarp, step: Int = 1) -> PictureScore? {
        guard warp.isPlausible else { return nil }
        let side = PictureTrack.side
        let across = AxisWarp(scale: warp.scaleX, shift: warp.shiftX, isMirrored: warp.isMirrored)
        let down = AxisWarp(scale: warp.scaleY, shift: warp.shiftY)
        let cells = Double(across.inside.sum() * down.inside.sum())
        guard cells >= 64 else { return nil }
        var sums = PictureSums(across: across.inside, down: down.inside, cells: Float(cells))
        var asked = 0
        for place in stride(from: 0, to: chosen.count, by: step) {
            asked += 1
            let picture = chosen[place]
            let time = warp.time + warp.speed * (query.times[picture] - middle)
            guard let found = target.place(of: time) else { continue }
            warpTarget(found.index, found.share, across, down)
            query.rows.withUnsafeBufferPointer { sums.add($0.baseAddress! + picture * side, warped) }
        }
        guard sums.count >= 3, 2 * sums.count >= asked else { return nil }
        return sums.score
    }

    /// Correlation of the changes from each compared picture to the next, evened out: a change counts by its energy up to the
    /// median's, and beyond that all count alike. 0 where there are too few.
    func steps(_ warp: PictureWarp) -> Double {
        let side = PictureTrack.side
        let across = AxisWarp(scale: warp.scaleX, shift: warp.shiftX, isMirrored: warp.isMirrored)
        let down = AxisWarp(scale: warp.scaleY, shift: warp.shiftY)
        let cells = across.inside.sum() * down.inside.sum()
        func centred(_ picture: UnsafePointer<SIMD16<Float>>) -> [SIMD16<Float>] {
            var sum = SIMD16<Float>()
            for y in 0..<side { sum += down.inside[y] * picture[y] }
            let mean = (sum * across.inside).sum() / cells
            return (0..<side).map { down.inside[$0] * across.inside * (picture[$0] - mean) }
        }
        var last: (own: [SIMD16<Float>], other: [SIMD16<Float>])?
        var changes: [(own: Float, other: Float, product: Float)] = []
        for picture in chosen {
            let time = warp.time + warp.speed * (query.times[picture] - middle)
            guard let found = target.place(of: time) else {
                last = nil
                continue
            }
            warpTarget(found.index, found.share, across, down)
            let own = query.rows.withUnsafeBufferPointer { centred($0.baseAddress! + picture * side) }
            let other = centred(warped)
            if let last {
                var (aa, bb, ab) = (SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>())
                for x in 0..<side {
                    let (p, q) = (own[x] - last.own[x], other[x] - last.other[x])
                    aa += p * p
                    bb += q * q
                    ab += p * q
                }
                changes.append((aa.sum(), bb.sum(), ab.sum()))
            }
            last = (own, other)
        }
        guard changes.count >= 2 else { return 0 }
        let energies = changes.map { ($0.own * $0.other).squareRoot() }.sorted()
        let median = energies[energies.count / 2] + 1e-3 * cells
        var (aa, bb, ab) = (0.0, 0.0, 0.0)
        for change in changes {
            let weight = Double(1 / ((change.own * change.other).squareRoot() + median))
            aa += weight * Double(change.own)
            bb += weight * Double(change.other)
            ab += weight * Double(change.product)
        }
        return ab / ((aa * bb).squareRoot() + 1e-9)
    }

    /// Leaves the target's picture at a place, as the query would show it, in `warped`.
    private func warpTarget(_ index: Int, _ share: Float, _ axis: AxisWarp, _ down: AxisWarp) {
        let side = PictureTrack.side
        target.rows.withUnsafeBufferPointer { all in
            let own = all.baseAddress! + index * side
            if share == 0 {
                down.sums(of: own, into: warped)
            } else {
                let next = own + side
                for y in 0..<side { between[y] = own[y] + share * (next[y] - own[y]) }
                down.sums(of: between, into: warped)
            }
        }
        transpose(warped, into: between)
        axis.sums(of: between, into: across)
        transpose(across, into: warped)
    }

    private func transpose(
        _ picture: UnsafeMutablePointer<SIMD16<Float>>, into result: UnsafeMutablePointer<SIMD16<Float>>
    ) {
        let side = PictureTrack.side
        let from = UnsafeMutableRawPointer(picture).assumingMemoryBound(to: Float.self)
        let to = UnsafeMutableRawPointer(result).assumingMemoryBound(to: Float.self)
        for y in 0..<side {
            for x in 0..<side { to[x * side + y] = from[y * side + x] }
        }
    }
}

/// Adds pairs of pictures up.
private struct PictureSums {
    /// 1 for the columns and rows that both have, else 0.
    private let across: SIMD16<Float>
    private let down: SIMD16<Float>
    private let cells: Float
    private(set) var count = 0
    /// Energies of the pictures less their own means.
    private var own = SIMD16<Float>()
    private var other = SIMD16<Float>()
    private var product = SIMD16<Float>()
    /// The pictures less their own means, summed up, by row.
    private var ownMean = InlineArray<16, SIMD16<Float>>(repeating: SIMD16())
    private var otherMean = InlineArray<16, SIMD16<Float>>(repeating: SIMD16())

    init(across: SIMD16<Float>, down: SIMD16<Float>, cells: Float) {
        self.across = across
        self.down = down
        self.cells = cells
    }

    mutating func add(_ query: UnsafePointer<SIMD16<Float>>, _ target: UnsafePointer<SIMD16<Float>>) {
        let side = PictureTrack.side
        var (a, b) = (SIMD16<Float>(), SIMD16<Float>())
        for y in 0..<side where down[y] > 0 {
            a += query[y]
            b += target[y]
        }
        let meanA = (a * across).sum() / cells
        let meanB = (b * across).sum() / cells
        for y in 0..<side where down[y] > 0 {
            let p = (query[y] - meanA) * across
            let q = (target[y] - meanB) * across
            own += p * p
            other += q * q
            product += p * q
            ownMean[y] += p
            otherMean[y] += q
        }
        count += 1
    }

    var score: PictureScore {
        var (aa, bb, ab) = (SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>())
        for y in 0..<PictureTrack.side {
            aa += ownMean[y] * ownMean[y]
            bb += otherMean[y] * otherMean[y]
            ab += ownMean[y] * otherMean[y]
        }
        // Energies of the means, and what is left of the whole for the changes.
        let n = Float(count)
        let (stillA, stillB, stillAB) = (aa.sum() / n, bb.sum() / n, ab.sum() / n)
        let changeA = Double(max(0, own.sum() - stillA))
        let changeB = Double(max(0, other.sum() - stillB))
        let norm = (changeA * changeB).squareRoot()
        let stillNorm = Double(stillA).squareRoot() * Double(stillB).squareRoot()
        return PictureScore(
            change: Double(product.sum() - stillAB) / (norm + 1e-6 * Double(cells)),
            still: Double(stillAB) / (stillNorm + 1e-6 * Double(cells)),
            motion: min(changeA, changeB) / Double(n * cells), count: count, share: Double(cells) / 256)
    }
}
