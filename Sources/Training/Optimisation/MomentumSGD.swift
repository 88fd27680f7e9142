/// Stochastic gradient descent with momentum as PyTorch's `SGD` (no dampening, no Nesterov):
/// g ← g + λp on decaying tensors; v ← μv + g; p ← p − lr·v.
public final class MomentumSGD: Optimizer {
    private let parameters: [TrainableParameter]
    private let velocities: [FloatStorage?]
    private let momentum: Float
    private let weightDecay: Float
    /// Steps made so far.
    public var stepsDone = 0
    /// One tensor a parameter.
    public let slots = ["momentum"]

    /// The velocity starts at zero, so that the first step is v = g, as in PyTorch.
    public init(parameters: [TrainableParameter], momentum: Double, weightDecay: Double) {
        self.parameters = parameters
        self.velocities = parameters.map { $0.isFrozen ? nil : FloatStorage(count: $0.value.count) }
        self.momentum = Float(momentum)
        self.weightDecay = Float(weightDecay)
    }

    /// The velocity of a parameter.
    public func state(slot: Int, parameter index: Int) -> UnsafeMutableBufferPointer<Float>? {
        velocities[index]?.buffer
    }

    /// One step.
    public func step(learningRate: Double) {
        stepsDone += 1
        let rate = Float(learningRate)
        for (parameter, velocity) in zip(parameters, velocities) {
            guard let v = velocity?.buffer.baseAddress, let p = parameter.value.baseAddress,
                let g = parameter.gradient.baseAddress
            else { continue }
            let decay = parameter.decays ? weightDecay : 0
            for i in 0..<parameter.value.count {
                let gradient = g[i] + decay * p[i]
                v[i] = momentum * v[i] + gradient
                p[i] -= rate * v[i]
            }
        }
    }
}
