import Glibc
import Tensors

/// Multinomial logistic regression with an L2 penalty: minimises, over W (classes, width) and b (classes),
/// mean cross-entropy of softmax(x·Wᵀ + b) + ½·penalty·‖W‖².
///
/// Features are standardised with the training rows' mean and deviation first; biases are not penalised. The products
/// are OpenBLAS's in float32, sums and the solver are in double precision. Zeros are the start, so nothing
/// is random.
package struct LogisticRegression: Sendable {
    package let classCount: Int
    private let width: Int
    private let mean: [Double]
    private let scale: [Double]
    /// W row-major, then b.
    private let parameters: [Double]
    /// Whether the solver reached its tolerance.
    package let hasConverged: Bool

    /// Fits the rows' classes, numbered from 0.
    package init(rows: [[Float]], classes: [Int], classCount: Int, penalty: Double, solver: LBFGS = LBFGS()) {
        precondition(rows.count == classes.count && !rows.isEmpty && classCount > 0)
        let width = rows[0].count
        var mean = [Double](repeating: 0, count: width)
        for row in rows { for d in 0..<width { mean[d] += Double(row[d]) } }
        for d in 0..<width { mean[d] /= Double(rows.count) }
        var scale = [Double](repeating: 0, count: width)
        for row in rows {
            for d in 0..<width { scale[d] += (Double(row[d]) - mean[d]) * (Double(row[d]) - mean[d]) }
        }
        // A feature that never changes carries no information; its weight stays 0.
        for d in 0..<width {
            let deviation = (scale[d] / Double(rows.count)).squareRoot()
            scale[d] = deviation > 1e-12 ? 1 / deviation : 0
        }
        self.mean = mean
        self.scale = scale
        self.width = width
        self.classCount = classCount
        let inputs = Self.standardized(rows, mean, scale)
        let problem = Problem(
            inputs: inputs, classes: classes, width: width, classCount: classCount, penalty: penalty)
        let outcome = solver.minimize(from: [Double](repeating: 0, count: classCount * (width + 1))) {
            problem.evaluate($0, &$1)
        }
        parameters = outcome.point
        hasConverged = outcome.hasConverged
    }

    /// The likeliest class of each row; the first of several.
    package func classify(_ rows: [[Float]]) -> [Int] {
        guard !rows.isEmpty else { return [] }
        let inputs = Self.standardized(rows, mean, scale)
        let scores = Problem.scores(inputs, rows.count, parameters, width, classCount)
        return rows.indices.map { row in
            var best = 0
            for index in 1..<max(1, classCount)
            where scores[row * classCount + index] > scores[row * classCount + best] {
                best = index
            }
            return best
        }
    }

    private static func standardized(_ rows: [[Float]], _ mean: [Double], _ scale: [Double]) -> [Float] {
        rows.flatMap { row in row.indices.map { Float((Double(row[$0]) - mean[$0]) * scale[$0]) } }
    }

    /// The function that is minimised.
    package struct Problem {
        /// (rows, width), row-major.
        package let inputs: [Float]
        package let classes: [Int]
        package let width: Int
        package let classCount: Int
        package let penalty: Double

        /// `inputs` holds a row of `width` for each of `classes`.
        package init(inputs: [Float], classes: [Int], width: Int, classCount: Int, penalty: Double) {
            precondition(inputs.count == classes.count * width)
            self.inputs = inputs
            self.classes = classes
            self.width = width
            self.classCount = classCount
            self.penalty = penalty
        }

        /// x·Wᵀ + b, (rows, classes).
        package static func scores(
            _ inputs: [Float], _ rows: Int, _ parameters: [Double], _ width: Int, _ classCount: Int
        ) -> [Float] {
            let weights = parameters[..<(classCount * width)].map { Float($0) }
            let biases = parameters[(classCount * width)...].map { Float($0) }
            var scores = (0..<rows).flatMap { _ in biases }
            inputs.withUnsafeBufferPointer { x in
                weights.withUnsafeBufferPointer { w in
                    scores.withUnsafeMutableBufferPointer {
                        MatrixProduct.multiplyTransposed(
                            x, w, into: $0, rows: rows, columns: classCount, inner: width, accumulating: true)
                    }
                }
            }
            return scores
        }

        package func evaluate(_ parameters: [Double], _ gradient: inout [Double]) -> Double {
            let rows = classes.count
            var errors = Self.scores(inputs, rows, parameters, width, classCount)
            var loss = 0.0
            var biasGradient = [Double](repeating: 0, count: classCount)
            let share = 1 / Double(rows)
            errors.withUnsafeMutableBufferPointer { errors in
                for row in 0..<rows {
                    let start = row * classCount
                    var most = -Double.infinity
                    for index in 0..<classCount { most = max(most, Double(errors[start + index])) }
                    var total = 0.0
                    for index in 0..<classCount { total += exp(Double(errors[start + index]) - most) }
                    loss += most + log(total) - Double(errors[start + classes[row]])
                    for index in 0..<classCount {
                        let probability = exp(Double(errors[start + index]) - most) / total
                        let error = (probability - (index == classes[row] ? 1 : 0)) * share
                        biasGradient[index] += error
                        errors[start + index] = Float(error)
                    }
                }
            }
            var weightGradient = [Float](repeating: 0, count: classCount * width)
            errors.withUnsafeBufferPointer { e in
                inputs.withUnsafeBufferPointer { x in
                    weightGradient.withUnsafeMutableBufferPointer {
                        MatrixProduct.multiply(
                            e, transposed: true, x, transposed: false, into: $0, rows: classCount,
                            columns: width,
                            inner: rows)
                    }
                }
            }
            var squares = 0.0
            for index in 0..<classCount * width {
                squares += parameters[index] * parameters[index]
                gradient[index] = Double(weightGradient[index]) + penalty * parameters[index]
            }
            for index in 0..<classCount { gradient[classCount * width + index] = biasGradient[index] }
            return loss * share + 0.5 * penalty * squares
        }
    }
}
