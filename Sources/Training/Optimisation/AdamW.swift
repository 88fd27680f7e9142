import Glibc

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019) in PyTorch's order of operations:
/// p ← p·(1 − lr·λ) on decaying tensors; m ← m + (g − m)(1 − β₁); v ← β₂v + (1 − β₂)g²;
/// p ← p − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε).
public final class AdamW: Optimizer {
    private let parameters: [TrainableParameter]
    private let means: [FloatStorage?]
    private let squares: [FloatStorage?]
    private let beta1: Double
    private let beta2: Double
    private let epsilon: Double
    private let weightDecay: Double
    /// Steps made so far.
    public var stepsDone = 0
    /// Two tensors a parameter: the running mean of the gradient and of its square.
    public let slots = ["mean", "square"]

    /// The state starts at zero.
    public init(
        parameters: [TrainableParameter], beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double
    ) {
        self.parameters = parameters
        self.means = parameters.map { $0.isFrozen ? nil : FloatStorage(count: $0.value.count) }
        self.squares = parameters.map { $0.isFrozen ? nil : FloatStorage(count: $0.value.count) }
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    /// Mean (slot 0) or square (slot 1) of a parameter's gradient.
    public func state(slot: Int, parameter index: Int) -> UnsafeMutableBufferPointer<Float>? {
        (slot == 0 ? means : squares)[index]?.buffer
    }

    /// One step.
    public func step(learningRate: Double) {
        stepsDone += 1
        let t = Double(stepsDone)
        let rate = Float(learningRate / (1 - pow(beta1, t)))
        let scale = Float((1 - pow(beta2, t)).squareRoot())
        let (keep, take) = (Float(beta2), Float(1 - beta2))
        let lerp = Float(1 - beta1)
        let epsilon = Float(self.epsilon)
        for index in parameters.indices {
            let parameter = parameters[index]
            guard let m = means[index]?.buffer.baseAddress, let v = squares[index]?.buffer.baseAddress,
                let p = parameter.value.baseAddress, let g = parameter.gradient.baseAddress
            else { continue }
            let shrink = parameter.decays ? Float(1 - learningRate * weightDecay) : 1
            for i in 0..<parameter.value.count {
                let gradient = g[i]
                m[i] += (gradient - m[i]) * lerp
                v[i] = v[i] * keep + take * gradient * gradient
                p[i] = p[i] * shrink - rate * m[i] / (v[i].squareRoot() / scale + epsilon)
            }
        }
    }
}
