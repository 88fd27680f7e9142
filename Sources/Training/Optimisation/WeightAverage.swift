/// The exponential moving average of the weights: ē ← d·ē + (1 − d)·p, with d = min(decay, (1 + t)/(10 + t))
/// at step t, so that the random beginning is forgotten soon.
public final class WeightAverage {
    private let parameters: [TrainableParameter]
    private let averages: [FloatStorage?]
    private let decay: Double

    /// Starts at the present weights.
    public init(parameters: [TrainableParameter], decay: Double) {
        self.parameters = parameters
        self.decay = decay
        self.averages = parameters.map { parameter in
            guard !parameter.isFrozen else { return nil }
            let storage = FloatStorage(count: parameter.value.count)
            _ = storage.buffer.update(fromContentsOf: parameter.value)
            return storage
        }
    }

    /// The average of parameter number `index`; nil for a frozen one, which is its own average.
    public func average(parameter index: Int) -> UnsafeMutableBufferPointer<Float>? {
        averages[index]?.buffer
    }

    /// Takes the present weights in, after step number `step` (from 0).
    public func update(step: Int) {
        let d = Float(min(decay, (1 + Double(step)) / (10 + Double(step))))
        for (parameter, storage) in zip(parameters, averages) {
            guard let e = storage?.buffer.baseAddress, let p = parameter.value.baseAddress else { continue }
            for i in 0..<parameter.value.count { e[i] = d * e[i] + (1 - d) * p[i] }
        }
    }

    /// Runs `body` with the averages in the place of the weights, then puts the weights back.
    public func withAverages<Result>(_ body: () throws -> Result) rethrows -> Result {
        swap()
        defer { swap() }
        return try body()
    }

    private func swap() {
        for (parameter, storage) in zip(parameters, averages) {
            guard let e = storage?.buffer.baseAddress, let p = parameter.value.baseAddress else { continue }
            for i in 0..<parameter.value.count { (e[i], p[i]) = (p[i], e[i]) }
        }
    }
}
