/// Rows of unit length, for cosine distances in double precision.
struct UnitVectors: Sendable {
    private let stride: Int
    private let values: [Double]

    /// - Parameters:
    ///   - rows: all of one width; a row of zeros stays one.
    ///   - center: taken from every row before it is brought to unit length; nil takes nothing.
    init(_ rows: [[Float]], center: [Double]? = nil) {
        let width = rows.first?.count ?? 0
        let padded = (width + 7) / 8 * 8
        stride = padded
        var values = [Double](repeating: 0, count: rows.count * padded)
        for (index, row) in rows.enumerated() {
            precondition(row.count == width, "rows differ in width")
            var squares = 0.0
            for d in 0..<width {
                let value = Double(row[d]) - (center?[d] ?? 0)
                values[index * padded + d] = value
                squares += value * value
            }
            let scale = squares > 0 ? 1 / squares.squareRoot() : 0
            for d in 0..<width { values[index * padded + d] *= scale }
        }
        self.values = values
    }

    /// The mean of some rows.
    static func mean(_ rows: [[Float]], of indices: [Int]) -> [Double] {
        guard let first = indices.first else { return [] }
        var mean = [Double](repeating: 0, count: rows[first].count)
        for index in indices {
            for d in mean.indices { mean[d] += Double(rows[index][d]) }
        }
        return mean.map { $0 / Double(indices.count) }
    }

    /// 1 − cosine of a row with some others.
    func distances(from row: Int, to others: [Int], into out: UnsafeMutableBufferPointer<Double>) {
        precondition(out.count == others.count)
        values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return }
            let bytes = UnsafeRawPointer(base)
            for (place, other) in others.enumerated() {
                var sum = SIMD8<Double>.zero
                for d in Swift.stride(from: 0, to: stride, by: 8) {
                    let a = bytes.loadUnaligned(
                        fromByteOffset: (row * stride + d) * 8, as: SIMD8<Double>.self)
                    let b = bytes.loadUnaligned(
                        fromByteOffset: (other * stride + d) * 8, as: SIMD8<Double>.self)
                    sum += a * b
                }
                out[place] = 1 - sum.sum()
            }
        }
    }
}
