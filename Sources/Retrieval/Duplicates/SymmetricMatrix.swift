/// A small symmetric matrix.
struct SymmetricMatrix {
    private let values: [Double]
    private let width: Int

    /// - Parameter values: width × width, row-major.
    init(_ values: [Double], width: Int) {
        precondition(values.count == width * width, "a matrix is square")
        self.values = values
        self.width = width
    }

    /// A number that no eigenvalue exceeds, within a hundredth of the largest sum of magnitudes in a line (Gershgorin's
    /// bound, where it begins). NaN and infinite entries give what is not finite.
    func eigenvalueBound() -> Double {
        var (low, high) = (-Double.infinity, 0.0)
        for i in 0..<width {
            var sum = 0.0
            for j in 0..<width { sum += abs(values[i * width + j]) }
            high = sum > high || sum.isNaN ? sum : high
            low = max(low, values[i * width + i])
        }
        guard high.isFinite else { return high }
        // No eigenvalue exceeds t where t·I − M has a Cholesky factor; the largest one is no less than any diagonal entry.
        let enough = 0.01 * high
        while high - low > enough {
            let middle = low + (high - low) / 2
            if isBelow(middle) { high = middle } else { low = middle }
        }
        return high
    }

    /// Whether all eigenvalues are below a number by more than what rounding can do.
    private func isBelow(_ limit: Double) -> Bool {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: width * width) { factor in
            for i in 0..<width {
                for j in 0...i {
                    var rest = (i == j ? limit : 0) - values[i * width + j]
                    for k in 0..<j { rest -= factor[i * width + k] * factor[j * width + k] }
                    if i != j {
                        factor[i * width + j] = rest / factor[j * width + j]
                    } else if rest > 1e-9 * limit {
                        factor[i * width + i] = rest.squareRoot()
                    } else {
                        return false
                    }
                }
            }
            return true
        }
    }
}
