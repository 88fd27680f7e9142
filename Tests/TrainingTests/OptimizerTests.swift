import Testing
import Training

/// Parameters with memory of their own.
private final class Values {
    let value: FloatStorage
    let gradient: FloatStorage
    let parameter: TrainableParameter

    init(
        _ values: [Float], shape: [Int]? = nil, decays: Bool? = nil, isFrozen: Bool = false,
        name: String = "p"
    ) {
        value = FloatStorage(count: values.count)
        gradient = FloatStorage(count: values.count)
        _ = value.buffer.update(fromContentsOf: values)
        parameter = TrainableParameter(
            name: name, shape: shape ?? [values.count], value: value.buffer, gradient: gradient.buffer,
            decays: decays, isFrozen: isFrozen)
    }

    func set(_ values: [Float]) { _ = gradient.buffer.update(fromContentsOf: values) }
}

/// The rules in double precision, one number at a time, as PyTorch's documentation prints them.
private func referenceSGD(
    _ p: Double, _ gradients: [Double], rate: Double, momentum: Double, decay: Double
) -> Double {
    var (p, v) = (p, 0.0)
    for (step, gradient) in gradients.enumerated() {
        let g = gradient + decay * p
        v = step == 0 ? g : momentum * v + g
        p -= rate * v
    }
    return p
}

private func referenceAdamW(_ p: Double, _ gradients: [Double], rate: Double, decay: Double) -> Double {
    var (p, m, v) = (p, 0.0, 0.0)
    var (power1, power2) = (1.0, 1.0)
    for g in gradients {
        (power1, power2) = (power1 * 0.9, power2 * 0.999)
        p -= rate * decay * p
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        p -= rate * (m / (1 - power1)) / ((v / (1 - power2)).squareRoot() + 1e-8)
    }
    return p
}

@Suite struct OptimizerTests {
    private let starts: [Float] = [0.5, -1.25, 3, 0, 1e-3, -7, 0.25, 2, -0.75]
    private func gradients(_ step: Int) -> [Float] {
        starts.indices.map { Float(($0 * 7 + step * 5) % 11 - 5) * 0.125 }
    }

    @Test func sgdIsPyTorchs() {
        let (plain, decayed) = (Values(starts), Values(starts, shape: [3, 3]))
        let optimizer = MomentumSGD(
            parameters: [plain.parameter, decayed.parameter], momentum: 0.9, weightDecay: 0.1)
        for step in 0..<6 {
            plain.set(gradients(step))
            decayed.set(gradients(step))
            optimizer.step(learningRate: 0.05)
        }
        for i in starts.indices {
            let history = (0..<6).map { Double(gradients($0)[i]) }
            let expected = referenceSGD(Double(starts[i]), history, rate: 0.05, momentum: 0.9, decay: 0)
            #expect(abs(Double(plain.value.buffer[i]) - expected) < 1e-6 * max(1, abs(expected)))
            let shrunk = referenceSGD(Double(starts[i]), history, rate: 0.05, momentum: 0.9, decay: 0.1)
            #expect(abs(Double(decayed.value.buffer[i]) - shrunk) < 1e-6 * max(1, abs(shrunk)))
        }
    }

    @Test func firstStepsByHand() {
        // p = 1, g = 0.5: SGD without momentum's past moves by lr·(g + λp); AdamW by lr, after p·(1 − lr·λ).
        let sgd = Values([1], shape: [1, 1])
        sgd.set([0.5])
        MomentumSGD(parameters: [sgd.parameter], momentum: 0.9, weightDecay: 0.2).step(learningRate: 0.1)
        #expect(abs(sgd.value.buffer[0] - 0.93) < 1e-6)
        let adam = Values([1], shape: [1, 1])
        adam.set([0.5])
        AdamW(parameters: [adam.parameter], beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.2)
            .step(learningRate: 0.1)
        #expect(abs(adam.value.buffer[0] - 0.88) < 1e-6)
    }

    @Test func adamWIsPyTorchs() {
        let (plain, decayed) = (Values(starts), Values(starts, shape: [3, 3]))
        let optimizer = AdamW(
            parameters: [plain.parameter, decayed.parameter], beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
            weightDecay: 0.1)
        for step in 0..<6 {
            plain.set(gradients(step))
            decayed.set(gradients(step))
            optimizer.step(learningRate: 0.05)
        }
        for i in starts.indices {
            let history = (0..<6).map { Double(gradients($0)[i]) }
            let expected = referenceAdamW(Double(starts[i]), history, rate: 0.05, decay: 0)
            #expect(abs(Double(plain.value.buffer[i]) - expected) < 2e-6 * max(1, abs(expected)))
            let shrunk = referenceAdamW(Double(starts[i]), history, rate: 0.05, decay: 0.1)
            #expect(abs(Double(decayed.value.buffer[i]) - shrunk) < 2e-6 * max(1, abs(shrunk)))
        }
    }

    /// Six steps of PyTorch 2.15 (float32) on the same numbers: lr 0.05, decay 0.1, momentum 0.9.
    @Test func bothGiveTheNumbersOfPyTorch() {
        let sgd: [Float] = [
            0.474040955, -1.06533861, 2.7897377, -0.184925646, 0.000565859256, -6.22400379, 0.152741805,
            1.65823662, -0.542622089,
        ]
        let adamW: [Float] = [
            0.545698106, -1.19162107, 2.9843123, -0.163746819, -0.0185147077, -6.6394043, 0.142806843,
            1.80850708, -0.582006514,
        ]
        for (kind, expected) in [(OptimizerChoice.Kind.sgd, sgd), (.adamw, adamW)] {
            let values = Values(starts, shape: [3, 3])
            var choice = OptimizerChoice()
            (choice.kind, choice.weightDecay) = (kind, 0.1)
            let optimizer = choice.makeOptimizer(for: [values.parameter])
            for step in 0..<6 {
                values.set(gradients(step))
                optimizer.step(learningRate: 0.05)
            }
            for (got, wanted) in zip(values.value.buffer, expected) {
                #expect(abs(got - wanted) <= 3e-7 * max(1, abs(wanted)), "\(kind)")
            }
        }
    }

    @Test func frozenParametersStay() {
        for kind in [OptimizerChoice.Kind.sgd, .adamw] {
            let frozen = Values(starts, shape: [3, 3], isFrozen: true)
            frozen.set(gradients(1))
            var choice = OptimizerChoice()
            choice.kind = kind
            choice.makeOptimizer(for: [frozen.parameter]).step(learningRate: 1)
            #expect(Array(frozen.value.buffer) == starts)
            #expect(Gradients.norm([frozen.parameter]) == 0)
        }
    }

    @Test func clipsByTheGlobalNorm() {
        let (a, b) = (Values([0, 0, 0]), Values([Float](repeating: 0, count: 10)))
        a.set([3, 0, 0])
        b.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 4])
        let parameters = [a.parameter, b.parameter]
        #expect(Gradients.clip(parameters, maximum: 10) == 5)
        #expect(a.gradient.buffer[0] == 3)
        #expect(Gradients.clip(parameters, maximum: 1) == 5)
        #expect(abs(a.gradient.buffer[0] - 0.6) < 1e-6 && abs(b.gradient.buffer[9] - 0.8) < 1e-6)
        b.set([0, 0, 0, 0, 0, .infinity, 0, 0, 0, 0])
        #expect(Gradients.firstNonFinite(parameters) == "p" && !Gradients.norm(parameters).isFinite)
    }

    @Test func scheduleWarmsUpThenFollowsACosine() {
        let schedule = LearningRateSchedule(peak: 2, warmupSteps: 4, totalSteps: 12)
        #expect((0..<4).map { schedule.rate(step: $0) } == [0.5, 1, 1.5, 2])
        #expect(schedule.rate(step: 4) == 2)
        #expect(abs(schedule.rate(step: 8) - 1) < 1e-12)
        #expect(abs(schedule.rate(step: 10) - (1 - 0.5.squareRoot())) < 1e-12)
        #expect(LearningRateSchedule(peak: 2, warmupSteps: 0, totalSteps: 1).rate(step: 0) == 2)
    }

    @Test func averageFollowsAndIsPutBack() {
        let values = Values([1, 2])
        let average = WeightAverage(parameters: [values.parameter], decay: 0.9)
        values.value.buffer[0] = 11
        average.update(step: 0)  // d = min(0.9, 1/10)
        #expect(abs((average.average(parameter: 0)?[0] ?? 0) - 10) < 1e-5)
        average.update(step: 1_000)  // d = 0.9
        #expect(abs((average.average(parameter: 0)?[0] ?? 0) - 10.1) < 1e-5)
        average.withAverages { #expect(abs(values.value.buffer[0] - 10.1) < 1e-5) }
        #expect(values.value.buffer[0] == 11)
    }
}
