import Distributions
import Glibc
import Indexing

/// What rules pairs of rows out without reading them: a few numbers a row, by which most pairs are seen to be farther
/// apart than a distance T.
///
/// With A = diag(σ²_x + σ²_y), the Bhattacharyya distance is at least ¼ Δμᵀ A⁻¹ Δμ, and for any directions U (k × D) that is at
/// least ¼ ‖UΔμ‖² / λ(U A Uᵀ), λ being the largest eigenvalue. λ of a sum is at most the sum of the λ, so a pair within
/// T has
///
///   ‖p_x − p_y‖² ≤ h_x + h_y,   p = Uμ,   h ≥ 4T λ(U diag(σ²) Uᵀ),
///
/// with λ bounded from above (`SymmetricMatrix.eigenvalueBound`): how closely matters, since the share of rows within
/// reach grows with the k-th power of its root. Any U is right; the principal directions of the means, in units of the usual
/// deviation, rule out the most.
struct PairBounds: Sendable {
    /// k.
    let width: Int
    /// k × rows: component i of row r at i · rows + r.
    let projections: [Float]
    /// h of each row; ∞ where float32 can't hold what bounds the row, which is then never ruled out.
    let reaches: [Float]

    static let mostDirections = 16

    /// - Parameters:
    ///   - chosen: rows, by number; what follows counts places in this list.
    ///   - distance: T ≥ 0, finite.
    init(
        _ rows: MomentsRows, _ chosen: [UInt32], distance: Double, threads: Int?,
        isCancelled: @Sendable () -> Bool
    ) throws(ScanFailure) {
        let directions = Directions(rows, chosen)
        let k = directions.width
        let blocks = RowBlocks(count: chosen.count, size: 256, threads: threads, threshold: 1024)
        let parts = try blocks.accumulate(Part(), isCancelled: isCancelled) { part, block in
            for place in block {
                let row = Int(chosen[place])
                // What is no distribution has no distance either.
                guard rows.mean(row).allSatisfy(\.isFinite),
                    rows.variance(row).allSatisfy({ $0 > 0 && $0.isFinite })
                else { return .notFinite(row: row) }
                part.values += directions.project(rows.mean(row), &part.magnitude)
                part.spreads.append(directions.largestSpread(rows.variance(row)))
                part.places.append(place)
            }
            return nil
        }
        var projections = [Float](repeating: 0, count: k * chosen.count)
        var spreads = [Double](repeating: 0, count: chosen.count)
        var (largest, magnitude) = (0.0, 0.0)
        for part in parts {
            magnitude = max(magnitude, part.magnitude)
            for (number, place) in part.places.enumerated() {
                spreads[place] = part.spreads[number]
                for i in 0..<k {
                    let value = part.values[number * k + i]
                    largest = value.isFinite ? max(largest, abs(Double(value))) : largest
                    projections[i * chosen.count + place] = value
                }
            }
        }
        // (√h + e)² ≤ h (1 + η) + e² (1 + 1/η): what rounding the projections can do to a difference, e, and what summing
        // squares in float32 can, are in the reach.
        let rounding =
            (largest * 0x1p-22 + magnitude * Double(rows.dimension) * 0x1p-51) * Double(k).squareRoot()
        reaches = spreads.indices.map { place in
            let isBounded = (0..<k).allSatisfy { projections[$0 * chosen.count + place].isFinite }
            let reach = 4 * distance * spreads[place] * 1.002 + rounding * rounding * 501
            guard isBounded, reach < 1e30, largest < 1e15 else {
                for i in 0..<k { projections[i * chosen.count + place] = 0 }
                return .infinity
            }
            return Float(reach).nextUp
        }
        width = k
        self.projections = projections
    }

    private struct Part: Sendable {
        var places: [Int] = []
        var values: [Float] = []
        var spreads: [Double] = []
        /// The largest sum of magnitudes that a projection was summed from.
        var magnitude = 0.0
    }
}

/// The principal directions of a library's means, in units of the usual deviation of each dimension.
private struct Directions: Sendable {
    let width: Int
    private let dimension: Int
    /// k × D, row-major.
    private let vectors: [Float]
    /// U·(centre), taken off so that projections are small.
    private let offset: [Double]
    /// k(k+1)/2 × D: products of two directions, those of the pair (i, j ≤ i) at i(i+1)/2 + j.
    private let products: [Float]

    /// Rows that the directions are chosen by.
    private static let sampleSize = 1024
    private static let rounds = 8

    init(_ rows: MomentsRows, _ chosen: [UInt32]) {
        let dimension = rows.dimension
        let sample = stride(from: 0, to: chosen.count, by: max(1, chosen.count / Self.sampleSize)).map {
            Int(chosen[$0])
        }
        var centre = [Double](repeating: 0, count: dimension)
        var scale = [Double](repeating: 0, count: dimension)
        for row in sample {
            for d in 0..<dimension {
                let (mean, variance) = (Double(rows.mean(row)[d]), Double(rows.variance(row)[d]))
                if mean.isFinite { centre[d] += mean / Double(sample.count) }
                if variance > 0, variance < 1e18 { scale[d] += log(variance) / Double(sample.count) }
            }
        }
        // 1/σ of a usual row.
        for d in 0..<dimension { scale[d] = exp(-0.5 * min(max(scale[d], -30), 30)) }
        let whitened = sample.map { row in
            (0..<dimension).map { d -> Float in
                let value = Float((Double(rows.mean(row)[d]) - centre[d]) * scale[d])
                return value.isFinite && abs(value) < 1e12 ? value : 0
            }
        }
        let basis = Self.principal(whitened, dimension, min(PairBounds.mostDirections, dimension))
        width = basis.count
        self.dimension = dimension
        let directions = basis.map { vector in (0..<dimension).map { vector[$0] * Float(scale[$0]) } }
        vectors = directions.flatMap { $0 }
        offset = directions.map { vector in
            vector.indices.reduce(0) { $0 + Double(vector[$1]) * centre[$1] }
        }
        products = directions.indices.flatMap { i in
            (0...i).flatMap { j in (0..<dimension).map { directions[i][$0] * directions[j][$0] } }
        }
    }

    /// U(μ − centre), k values; `magnitude` becomes at least the largest sum of magnitudes on the way.
    func project(_ mean: UnsafeBufferPointer<Float>, _ magnitude: inout Double) -> [Float] {
        (0..<width).map { i in
            var (sum, size) = (0.0, abs(offset[i]))
            for d in 0..<dimension {
                let term = Double(vectors[i * dimension + d]) * Double(mean[d])
                sum += term
                size += abs(term)
            }
            magnitude = max(magnitude, size)
            return Float(sum - offset[i])
        }
    }

    /// At least the largest eigenvalue of U diag(σ²) Uᵀ, and little more.
    func largestSpread(_ variance: UnsafeBufferPointer<Float>) -> Double {
        var matrix = [Double](repeating: 0, count: width * width)
        for i in 0..<width {
            for j in 0...i {
                let start = (i * (i + 1) / 2 + j) * dimension
                let entry = products.withUnsafeBufferPointer {
                    dot(UnsafeBufferPointer(rebasing: $0[start..<start + dimension]), variance)
                }
                matrix[i * width + j] = Double(entry)
                matrix[j * width + i] = Double(entry)
            }
        }
        // An entry is off by at most D·2⁻²³ of the larger of its two diagonal ones.
        return SymmetricMatrix(matrix, width: width).eigenvalueBound()
            * (1 + 4 * Double(width * dimension) * 0x1p-23) + 1e-30
    }

    /// Σ ab, in eight partial sums.
    private func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Float {
        var sums = SIMD8<Float>()
        var d = 0
        while d + 8 <= dimension {
            let x = UnsafeRawPointer(a.baseAddress! + d).loadUnaligned(as: SIMD8<Float>.self)
            let y = UnsafeRawPointer(b.baseAddress! + d).loadUnaligned(as: SIMD8<Float>.self)
            sums += x * y
            d += 8
        }
        var sum = sums.sum()
        while d < dimension { sum += a[d] * b[d]; d += 1 }
        return sum
    }

    /// Orthonormal vectors that nearly span the directions in which rows vary most, by orthogonal iteration.
    private static func principal(_ rows: [[Float]], _ dimension: Int, _ count: Int) -> [[Float]] {
        var generator = SeededGenerator(seed: 1)
        var basis = orthonormal(
            (0..<count).map { _ in (0..<dimension).map { _ in Float(generator.nextNormal()) } })
        for _ in 0..<rounds {
            var next = [[Float]](repeating: [Float](repeating: 0, count: dimension), count: basis.count)
            for row in rows {
                for (i, vector) in basis.enumerated() {
                    var share: Float = 0
                    for d in 0..<dimension { share += row[d] * vector[d] }
                    for d in 0..<dimension { next[i][d] += share * row[d] }
                }
            }
            let better = orthonormal(next)
            // Rows that vary in fewer directions leave fewer.
            if better.isEmpty { break }
            basis = better
        }
        return basis
    }

    /// Gram and Schmidt; what is left of a vector that the former ones nearly span is dropped.
    private static func orthonormal(_ vectors: [[Float]]) -> [[Float]] {
        var basis: [[Float]] = []
        for vector in vectors {
            var rest = vector.map(Double.init)
            let length = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0, length.isFinite else { continue }
            for _ in 0..<2 {
                for former in basis {
                    let share = former.indices.reduce(0) { $0 + Double(former[$1]) * rest[$1] }
                    for d in rest.indices { rest[d] -= share * Double(former[d]) }
                }
            }
            let left = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
            if left > 1e-6 * length { basis.append(rest.map { Float($0 / left) }) }
        }
        return basis
    }
}
