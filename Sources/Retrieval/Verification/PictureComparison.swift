internal import CDistance

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
    private let variant: mixtape_variant
    /// Of the last warp: the query's pictures that the target has, and what they lie on.
    private var pairs = PicturePairs()

    /// - Parameter chosen: places of pictures of the query; at least one.
    init(_ query: PictureTrack, _ target: PictureTrack, chosen: [Int], variant: ScanVariant = .best) {
        self.query = query
        self.target = target
        self.chosen = chosen
        self.variant = variant.native
        middle = chosen.reduce(0) { $0 + query.times[$1] } / Double(chosen.count)
    }

    /// Nil where too little of the query lies in the target to say anything.
    ///
    /// - Parameter step: every so-many-th picture alone is compared.
    func score(_ warp: PictureWarp, step: Int = 1) -> PictureScore? {
        guard warp.isPlausible else { return nil }
        let (across, down) = warp.axes
        let cells = Double(across.cells * down.cells)
        guard cells >= 64 else { return nil }
        let asked = findPairs(warp, step)
        guard pairs.count >= 3, 2 * pairs.count >= asked else { return nil }
        var sums = mixtape_picture_sums()
        withPairs { query, target, chosen, found, shares in
            withUnsafePointer(to: across) { across in
                withUnsafePointer(to: down) { down in
                    mixtape_compare_pictures(
                        variant, query, target, chosen, found, shares, pairs.count, across, down, &sums)
                }
            }
        }
        return PictureScore(sums, count: pairs.count, cells: cells)
    }

    /// Correlation of the changes from each compared picture to the next, evened out: a change counts by its energy up to the
    /// median's, and beyond that all count alike. 0 where there are too few.
    func steps(_ warp: PictureWarp) -> Double {
        let (across, down) = warp.axes
        _ = findPairs(warp, 1)
        guard pairs.count >= 3 else { return 0 }
        var sums = [Float](repeating: 0, count: 3 * (pairs.count - 1))
        withPairs { query, target, chosen, found, shares in
            withUnsafePointer(to: across) { across in
                withUnsafePointer(to: down) { down in
                    mixtape_compare_steps(
                        variant, query, target, chosen, found, shares, pairs.count, across, down, &sums)
                }
            }
        }
        var changes: [(own: Double, other: Double, product: Double, energy: Double)] = []
        // From one picture that was compared to the next, none left out between them.
        for pair in 1..<pairs.count where pairs.places[pair] == pairs.places[pair - 1] + 1 {
            let first = 3 * (pair - 1)
            let (own, other) = (Double(sums[first]), Double(sums[first + 1]))
            changes.append((own, other, Double(sums[first + 2]), (own * other).squareRoot()))
        }
        guard changes.count >= 2 else { return 0 }
        let median = changes.map(\.energy).sorted()[changes.count / 2]
        let even = median + Self.noise * Double(across.cells * down.cells)
        var (aa, bb, ab) = (0.0, 0.0, 0.0)
        for change in changes {
            let weight = 1 / (change.energy + even)
            aa += weight * change.own
            bb += weight * change.other
            ab += weight * change.product
        }
        return ab / ((aa * bb).squareRoot() + 1e-9)
    }

    /// What a cell changes by though nothing moves, in squared grey levels.
    private static let noise = 0.25

    /// What `change` of the same footage would be at best under a warp. A part that was enlarged lies on few, large cells of the
    /// target, and a moment between two of the target's is mixed of both: the query's own pictures are sent the same way, and
    /// compared with themselves. 1 where nothing was lost, or too few are compared.
    func attainableChange(_ warp: PictureWarp) -> Double {
        let (across, down) = warp.softenedAxes
        _ = findPairs(warp, 1)
        guard pairs.count >= 3 else { return 1 }
        let softened = softenedPictures()
        let numbers = pairs.chosen.indices.map(Int32.init)
        let shares = [Float](repeating: 0, count: pairs.count)
        var sums = mixtape_picture_sums()
        query.withPictures { query in
            softened.withUnsafeBytes { softened in
                let target = softened.baseAddress!.assumingMemoryBound(to: Float.self)
                withUnsafePointer(to: across) { across in
                    withUnsafePointer(to: down) { down in
                        mixtape_compare_pictures(
                            variant, query, target, pairs.chosen, numbers, shares, pairs.count, across, down,
                            &sums)
                    }
                }
            }
        }
        return PictureScore(sums, count: pairs.count, cells: Double(across.cells * down.cells)).change
    }

    /// The query's pictures of `pairs`, each mixed with its neighbours as the target's are: twice, since its neighbours are as far
    /// away as the target's are from each other.
    private func softenedPictures() -> [SIMD16<Float>] {
        let side = PictureTrack.side
        var softened: [SIMD16<Float>] = []
        softened.reserveCapacity(side * pairs.count)
        for (picture, share) in zip(pairs.chosen, pairs.shares) {
            let first = side * Int(picture)
            let own = query.rows[first..<first + side]
            let weight = share * (1 - share)
            guard weight > 0, first >= side, first + 2 * side <= query.rows.count else {
                softened += own
                continue
            }
            for row in first..<first + side {
                softened.append(
                    query.rows[row]
                        + weight * (query.rows[row - side] + query.rows[row + side] - 2 * query.rows[row]))
            }
        }
        return softened
    }

    /// Leaves the pictures that both have under a warp in `pairs`; how many were asked for.
    private func findPairs(_ warp: PictureWarp, _ step: Int) -> Int {
        pairs.removeAll()
        var asked = 0
        for place in stride(from: 0, to: chosen.count, by: step) {
            asked += 1
            let picture = chosen[place]
            let time = warp.time + warp.speed * (query.times[picture] - middle)
            guard let found = target.place(of: time) else { continue }
            pairs.places.append(place)
            pairs.chosen.append(Int32(picture))
            pairs.found.append(Int32(found.index))
            pairs.shares.append(found.share)
        }
        return asked
    }

    private func withPairs(
        _ body: (
            UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Int32>, UnsafePointer<Int32>,
            UnsafePointer<Float>
        ) -> Void
    ) {
        query.withPictures { query in
            target.withPictures { target in body(query, target, pairs.chosen, pairs.found, pairs.shares) }
        }
    }
}

/// Pictures of a query that are compared, by their places in what was chosen and their numbers, and the pictures of the
/// target that they lie on: each of them, with a share of the next.
private struct PicturePairs {
    var places: [Int] = []
    var chosen: [Int32] = []
    var found: [Int32] = []
    var shares: [Float] = []

    var count: Int { chosen.count }

    mutating func removeAll() {
        places.removeAll(keepingCapacity: true)
        chosen.removeAll(keepingCapacity: true)
        found.removeAll(keepingCapacity: true)
        shares.removeAll(keepingCapacity: true)
    }
}

extension PictureWarp {
    fileprivate var axes: (across: mixtape_axis, down: mixtape_axis) {
        var axes = (across: mixtape_axis(), down: mixtape_axis())
        mixtape_make_axis(scaleX, shiftX, isMirrored ? 1 : 0, &axes.across)
        mixtape_make_axis(scaleY, shiftY, 0, &axes.down)
        return axes
    }

    /// By which the query's own cells come back by way of the target's.
    fileprivate var softenedAxes: (across: mixtape_axis, down: mixtape_axis) {
        let axes = self.axes
        var softened = (across: mixtape_axis(), down: mixtape_axis())
        withUnsafePointer(to: axes.across) {
            mixtape_soften_axis(scaleX, shiftX, isMirrored ? 1 : 0, $0, &softened.across)
        }
        withUnsafePointer(to: axes.down) { mixtape_soften_axis(scaleY, shiftY, 0, $0, &softened.down) }
        return softened
    }
}

extension mixtape_axis {
    /// Cells of the query that lie in the target.
    fileprivate var cells: Float {
        withUnsafeBytes(of: inside) { $0.bindMemory(to: Float.self).reduce(0, +) }
    }
}

extension PictureScore {
    fileprivate init(_ sums: mixtape_picture_sums, count: Int, cells: Double) {
        // Energies of the means, and what is left of the whole for the changes.
        let n = Float(count)
        let (stillA, stillB, stillAB) = (sums.own_still / n, sums.other_still / n, sums.still / n)
        let changeA = Double(max(0, sums.own - stillA))
        let changeB = Double(max(0, sums.other - stillB))
        let norm = (changeA * changeB).squareRoot()
        let stillNorm = Double(stillA).squareRoot() * Double(stillB).squareRoot()
        self.init(
            change: Double(sums.product - stillAB) / (norm + 1e-6 * cells),
            still: Double(stillAB) / (stillNorm + 1e-6 * cells),
            motion: min(changeA, changeB) / (Double(n) * cells), count: count, share: cells / 256)
    }
}
