import Glibc
import Tensors

/// The random weights of a new model.
enum Initialisation {
    /// Independent normal values.
    static func normal(_ shape: [Int], deviation: Double, _ random: inout ModelRandom) -> Tensor {
        Tensor(shape: shape, values: (0..<shape.reduce(1, *)).map { _ in Float(random.normal() * deviation) })
    }

    /// Standard deviation in taps of the first kernels' blur. Measured: with 1 tap, copies blurred by 1.5 % of
    /// their height are found first in 9 of 10 cases, with 1.5 in all.
    private static let smoothing = 1.5

    /// Each spatial kernel of a convolution (out,in,t,h,w) blurred by a Gaussian of `smoothing` taps, faded out towards
    /// its border, and all scaled to the wanted deviation again.
    static func smoothed(_ convolution: Tensor, deviation: Double) -> Tensor {
        let height = convolution.shape[3]
        let width = convolution.shape[4]
        // Nothing to smooth in a kernel of three taps.
        guard height >= 5, width >= 5 else { return convolution }
        let taps = (-3...3).map { exp(-Double($0 * $0) / (2 * smoothing * smoothing)) }
        let sum = taps.reduce(0, +)
        func blurred(_ row: [Double]) -> [Double] {
            row.indices.map { center in
                (-3...3).reduce(0) { result, offset in
                    let index = center + offset
                    return row.indices.contains(index) ? result + row[index] * taps[offset + 3] / sum : result
                }
            }
        }
        func window(_ count: Int) -> [Double] {
            (0..<count).map { 0.5 - 0.5 * cos(2 * Double.pi * Double($0 + 1) / Double(count + 2)) }
        }
        let (rowWindow, columnWindow) = (window(height), window(width))
        var values = convolution.values.map(Double.init)
        let area = height * width
        for start in stride(from: 0, to: values.count, by: area) {
            for y in 0..<height {
                let row = blurred(Array(values[start + y * width..<start + (y + 1) * width]))
                for x in 0..<width { values[start + y * width + x] = row[x] }
            }
            for x in 0..<width {
                let column = blurred((0..<height).map { values[start + $0 * width + x] })
                for y in 0..<height {
                    values[start + y * width + x] = column[y] * rowWindow[y] * columnWindow[x]
                }
            }
        }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        let scale = deviation / max(variance.squareRoot(), 1e-12)
        return Tensor(shape: convolution.shape, values: values.map { Float($0 * scale) })
    }

    /// A matrix with orthonormal rows, or, where it has more rows than columns, orthonormal columns: modified
    /// Gram–Schmidt on random vectors.
    static func orthogonal(rows: Int, columns: Int, _ random: inout ModelRandom) -> Tensor {
        let (count, length) = (min(rows, columns), max(rows, columns))
        var vectors: [[Double]] = []
        while vectors.count < count {
            var vector = (0..<length).map { _ in random.normal() }
            // Twice, as once leaves rounding errors in the last vectors (Giraud et al. 2005).
            for _ in 0..<2 {
                for other in vectors {
                    let overlap = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
                    for index in 0..<length { vector[index] -= overlap * other[index] }
                }
            }
            let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // A vector within the span of the others: draw another.
            guard norm > 1e-6 else { continue }
            vectors.append(vector.map { $0 / norm })
        }
        var values = [Float](repeating: 0, count: rows * columns)
        for (number, vector) in vectors.enumerated() {
            for index in 0..<length {
                let position = rows <= columns ? number * columns + index : index * columns + number
                values[position] = Float(vector[index])
            }
        }
        return Tensor(shape: [rows, columns], values: values)
    }
}
