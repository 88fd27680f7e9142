import Glibc

/// Binary logistic regression by maximum likelihood: log odds = evidence · weights.
enum LogisticFit {
    /// What is known of one case, and how likely it is right, 0…1.
    typealias Point = (evidence: [Double], target: Double)

    /// Newton's method.
    ///
    /// - Parameters:
    ///   - decay: of the squared weights; keeps the curvature positive and the weights finite.
    ///   - start: one weight for each number of the evidence.
    static func weights(_ points: [Point], decay: Double, from start: [Double]) -> [Double] {
        let count = start.count
        func odds(_ evidence: [Double], _ weights: [Double]) -> Double {
            zip(evidence, weights).reduce(0) { $0 + $1.0 * $1.1 }
        }
        func loss(_ weights: [Double]) -> Double {
            points.reduce(decay / 2 * weights.reduce(0) { $0 + $1 * $1 }) { sum, point in
                let odds = odds(point.evidence, weights)
                // log(1 + exp(odds)) − target · odds, without overflow.
                return sum + max(odds, 0) + log1p(exp(-abs(odds))) - point.target * odds
            }
        }
        var weights = start
        var current = loss(weights)
        for _ in 0..<100 {
            var gradient = weights.map { decay * $0 }
            var curvature = (0..<count).map { row in (0..<count).map { $0 == row ? decay : 0 } }
            for point in points {
                let probability = 1 / (1 + exp(-odds(point.evidence, weights)))
                let (error, weight) = (probability - point.target, probability * (1 - probability))
                for i in 0..<count {
                    gradient[i] += error * point.evidence[i]
                    for j in 0...i { curvature[i][j] += weight * point.evidence[i] * point.evidence[j] }
                }
            }
            guard var step = solve(curvature, gradient) else { break }
            // Halved until the loss falls.
            var next = zip(weights, step).map { $0 - $1 }
            while !(loss(next) <= current), step.contains(where: { abs($0) > 1e-12 }) {
                step = step.map { $0 / 2 }
                next = zip(weights, step).map { $0 - $1 }
            }
            let reached = loss(next)
            guard reached <= current else { break }
            weights = next
            let gain = current - reached
            current = reached
            if gain < 1e-12 * Double(points.count) { break }
        }
        return weights
    }

    /// Solves a symmetric positive definite system, whose lower half is given, by Cholesky's decomposition.
    private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
        let count = right.count
        var lower = matrix
        for i in 0..<count {
            for j in 0...i {
                var sum = matrix[i][j]
                for k in 0..<j { sum -= lower[i][k] * lower[j][k] }
                if i == j {
                    guard sum > 0 else { return nil }
                    lower[i][i] = sum.squareRoot()
                } else {
                    lower[i][j] = sum / lower[j][j]
                }
            }
        }
        var result = right
        for i in 0..<count {
            for k in 0..<i { result[i] -= lower[i][k] * result[k] }
            result[i] /= lower[i][i]
        }
        for i in (0..<count).reversed() {
            for k in i + 1..<count { result[i] -= lower[k][i] * result[k] }
            result[i] /= lower[i][i]
        }
        return result
    }
}
