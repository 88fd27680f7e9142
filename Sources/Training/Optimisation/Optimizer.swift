/// Turns gradients into weights; keeps a state of the parameters' shapes beside them.
public protocol Optimizer: AnyObject {
    /// Names of the state tensors a parameter has, such as `momentum`.
    var slots: [String] { get }
    /// Steps made so far; bias correction depends on it.
    var stepsDone: Int { get set }
    /// The state of parameter number `index`, for checkpoints; nil for a frozen parameter.
    func state(slot: Int, parameter index: Int) -> UnsafeMutableBufferPointer<Float>?
    /// Moves every parameter that is not frozen against its gradient.
    func step(learningRate: Double)
}

extension OptimizerChoice {
    /// The optimiser for these parameters, its state zero.
    public func makeOptimizer(for parameters: [TrainableParameter]) -> any Optimizer {
        switch kind {
        case .sgd:
            return MomentumSGD(parameters: parameters, momentum: momentum, weightDecay: weightDecay)
        case .adamw:
            return AdamW(
                parameters: parameters, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay
            )
        }
    }
}
