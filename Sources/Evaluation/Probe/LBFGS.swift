/// Limited-memory BFGS (Nocedal 1980) with a line search for the weak Wolfe conditions by bisection (Lewis and
/// Overton 2013). Deterministic; made for smooth, convex functions.
package struct LBFGS {
    /// Steps remembered.
    package var memory = 10
    package var maximumIterations = 300
    /// The search has converged where no element of the gradient is larger.
    package var gradientTolerance = 1e-5

    package init() {}

    package struct Outcome {
        package var point: [Double]
        package var value: Double
        package var iterations: Int
        /// Whether the gradient fell below the tolerance; otherwise the iterations ended, or rounding errors
        /// hid any further descent.
        package var hasConverged: Bool
    }

    /// Where the function is least.
    ///
    /// - Parameter function: writes the gradient at a point and returns the value there.
    package func minimize(
        from start: [Double], _ function: (_ point: [Double], _ gradient: inout [Double]) -> Double
    )
        -> Outcome
    {
        var point = start
        var gradient = [Double](repeating: 0, count: start.count)
        var value = function(point, &gradient)
        var steps: [Step] = []
        for iteration in 0..<maximumIterations {
            if Self.largest(gradient) <= gradientTolerance {
                return Outcome(point: point, value: value, iterations: iteration, hasConverged: true)
            }
            var direction = Self.direction(gradient, steps)
            var slope = Self.dot(direction, gradient)
            if !(slope < 0) {
                steps = []
                direction = gradient.map { -$0 }
                slope = Self.dot(direction, gradient)
            }
            let first = steps.isEmpty ? min(1, 1 / Self.dot(gradient, gradient).squareRoot()) : 1
            guard
                let found = Self.search(
                    function, from: point, value: value, slope: slope, along: direction, first: first)
            else {
                return Outcome(point: point, value: value, iterations: iteration, hasConverged: false)
            }
            var step = Step(
                move: zip(found.point, point).map { $0 - $1 },
                turn: zip(found.gradient, gradient).map { $0 - $1 })
            step.product = Self.dot(step.move, step.turn)
            if step.product > 1e-12 * Self.dot(step.turn, step.turn) {
                if steps.count == memory { steps.removeFirst() }
                steps.append(step)
            }
            (point, gradient, value) = (found.point, found.gradient, found.value)
        }
        return Outcome(
            point: point, value: value, iterations: maximumIterations,
            hasConverged: Self.largest(gradient) <= gradientTolerance)
    }

    private struct Step {
        /// x_{k+1} − x_k.
        var move: [Double]
        /// g_{k+1} − g_k.
        var turn: [Double]
        var product = 0.0
    }

    /// −H·g by the two-loop recursion.
    private static func direction(_ gradient: [Double], _ steps: [Step]) -> [Double] {
        var result = gradient.map { -$0 }
        var shares: [Double] = []
        for step in steps.reversed() {
            let share = dot(step.move, result) / step.product
            shares.append(share)
            add(-share, step.turn, to: &result)
        }
        if let last = steps.last {
            let scale = last.product / dot(last.turn, last.turn)
            for index in result.indices { result[index] *= scale }
        }
        for (step, share) in zip(steps, shares.reversed()) {
            let back = dot(step.turn, result) / step.product
            add(share - back, step.move, to: &result)
        }
        return result
    }

    private static func search(
        _ function: ([Double], inout [Double]) -> Double, from point: [Double], value: Double, slope: Double,
        along direction: [Double], first: Double
    ) -> (point: [Double], value: Double, gradient: [Double])? {
        var (low, high, length) = (0.0, Double.infinity, first)
        var gradient = [Double](repeating: 0, count: point.count)
        // The best point that goes down enough, should the curvature condition stay out of reach.
        var fallback: (point: [Double], value: Double, gradient: [Double])?
        for _ in 0..<40 {
            var candidate = point
            add(length, direction, to: &candidate)
            let reached = function(candidate, &gradient)
            if !(reached <= value + 1e-4 * length * slope) {
                high = length
            } else if dot(direction, gradient) < 0.9 * slope {
                if reached < (fallback?.value ?? value) { fallback = (candidate, reached, gradient) }
                low = length
            } else {
                return (candidate, reached, gradient)
            }
            length = high.isFinite ? (low + high) / 2 : 2 * length
        }
        return fallback
    }

    private static func largest(_ values: [Double]) -> Double { values.reduce(0) { max($0, abs($1)) } }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in for index in 0..<a.count { sum += a[index] * b[index] } }
        }
        return sum
    }

    private static func add(_ factor: Double, _ values: [Double], to result: inout [Double]) {
        for index in result.indices { result[index] += factor * values[index] }
    }
}
