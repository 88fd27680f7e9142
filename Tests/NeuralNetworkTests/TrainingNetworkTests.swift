import Base
import NeuralNetwork
import Tensors
import Testing

/// One forward and backward pass of the network on the clips.
struct TrainingPass {
    var features: [[Float]]
    var parameters: TrainingParameters
    var network: TrainingNetwork

    init(
        _ naive: NaiveNetwork, _ clips: [Volume], dOut: [[Double]], precision: Precision, threads: Int = 2,
        passes: Int = 1, usesForwardKernels: Bool = true
    ) throws {
        let architecture = naive.architecture
        let parameters = TrainingParameters(architecture)
        parameters.load(naive.tensors)
        let network = try TrainingNetwork(
            architecture, parameters: parameters, inputExtent: clips[0].extent, batch: clips.count,
            threads: threads, precision: precision, usesForwardKernels: usesForwardKernels)
        let channels = network.featureChannels
        var flat = [Float](repeating: 0, count: clips.count * channels)
        for _ in 0..<passes {
            let values = clips.flatMap { $0.values.map(Float.init) }
            if precision.resolved == .bfloat16 {
                let input = network.inputBytes.assumingMemoryBound(to: UInt16.self)
                for (i, value) in values.enumerated() { input[i] = HalfPrecision.bfloat16(from: value) }
            } else {
                let input = network.inputBytes.assumingMemoryBound(to: Float.self)
                for (i, value) in values.enumerated() { input[i] = value }
            }
            try flat.withUnsafeMutableBufferPointer { try network.forward($0) }
            for parameter in parameters.parameters { parameter.gradient.update(repeating: 0) }
            try dOut.flatMap { $0.map(Float.init) }.withUnsafeBufferPointer { try network.backward($0) }
        }
        self.network = network
        self.parameters = parameters
        features = clips.indices.map { Array(flat[$0 * channels..<($0 + 1) * channels]) }
    }
}

extension NaiveNetwork {
    /// By their names in the file.
    var tensors: [String: Tensor] {
        var result = convolutions
        for (name, norm) in norms {
            result["\(name).weight"] = norm.weight
            result["\(name).bias"] = norm.bias
            result["\(name).running_mean"] = norm.runningMean
            result["\(name).running_var"] = norm.runningVariance
        }
        return result
    }
}

func randomGradients(_ clips: Int, _ channels: Int, seed: UInt64) -> [[Double]] {
    var random = TestRandom(seed: seed)
    return (0..<clips).map { _ in random.floats(channels).map(Double.init) }
}

@Suite struct TrainingNetworkTests {
    @Test(arguments: families) func float32GradientsEqualTheNaiveBackward(family: Family) throws {
        let naive = NaiveNetwork(family.architecture, seed: 21)
        let clips = randomClips(3, family.extent, seed: 22)
        let dOut = randomGradients(3, family.architecture.featureChannels, seed: 23)
        let (expected, tape, _) = naive.train(clips, dOut: dOut)
        // Twice, so that nothing left over from the first pass can help or hurt.
        let pass = try TrainingPass(naive, clips, dOut: dOut, precision: .float32, passes: 2)
        for (feature, naive) in zip(pass.features, expected) { #expect(relativeError(feature, naive) < 1e-4) }
        for parameter in pass.parameters.parameters {
            let error = relativeError(Array(parameter.gradient), tape.gradients[parameter.name]!)
            #expect(error < 1e-3, "\(parameter.name): \(error)")
        }
    }

    /// Each number keeps 8 bits, so that small sums of large terms of both signs, as a bias's gradient is, turn a
    /// little; the gradient as a whole must not.
    @Test(.enabled(if: ComputeEngine.hasNativeBFloat16), arguments: families + [wideFamily, narrowFamily])
    func bfloat16PointsTheSameWay(family: Family) throws {
        let count = 4
        let naive = NaiveNetwork(family.architecture, seed: 24)
        let clips = randomClips(count, family.extent, seed: 25)
        let dOut = randomGradients(count, family.architecture.featureChannels, seed: 26)
        let (expected, tape, _) = naive.train(clips, dOut: dOut)
        let pass = try TrainingPass(naive, clips, dOut: dOut, precision: .bfloat16)
        let tiled = pass.network.kernels.filter { $0.hasSuffix("tiles:amx_bf16") }
        let areTiled = family.testDescription == wideFamily.testDescription && ComputeEngine.hasTiles
        #expect(tiled.contains { $0.contains("to its weights") } == areTiled)
        for (feature, naive) in zip(pass.features, expected) { #expect(cosine(feature, naive) > 0.999) }
        var whole: [Float] = []
        var wholeExpected: [Double] = []
        for parameter in pass.parameters.parameters {
            let expected = tape.gradients[parameter.name]!
            let value = cosine(Array(parameter.gradient), expected)
            #expect(value > 0.8, "\(parameter.name): \(value)")
            whole += parameter.gradient
            wholeExpected += expected
        }
        let value = cosine(whole, wholeExpected)
        // 0.944 (r2plus1d, twice as many layers) to 0.99.
        #expect(value > 0.93, "\(value)")
    }

    /// The batch takes the channels' place in these kernels: a full block of 16, and one that is padded. The same
    /// bfloat16 numbers summed in float32 both ways differ by the order of the sums alone.
    @Test(.enabled(if: ComputeEngine.hasNativeBFloat16), arguments: [1, 2], [16, 24])
    func weightGradientsByForwardKernelsAreRight(stride: Int, batch: Int) throws {
        let architecture = ResidualArchitecture(
            stem: [
                .init(
                    channels: 20, kernel: Extent3D(3, 3, 3), stride: Extent3D(stride, stride, stride),
                    padding: Extent3D(1, 1, 1))
            ], pool: nil, stages: [])
        let naive = NaiveNetwork(architecture, seed: 33)
        let clips = randomClips(batch, Extent3D(4, 7, 6), seed: 34)
        let dOut = randomGradients(batch, 20, seed: 35)
        func gradient(_ usesForwardKernels: Bool) throws -> [Float] {
            let pass = try TrainingPass(
                naive, clips, dOut: dOut, precision: .bfloat16, passes: 2,
                usesForwardKernels: usesForwardKernels)
            if ComputeEngine.hasNativeBFloat16 {
                let isUsed = pass.network.kernels.contains { $0.contains("as forward") }
                #expect(isUsed == usesForwardKernels)
            }
            return Array(pass.parameters.parameter("backbone.stem.0.conv.weight").gradient)
        }
        #expect(relativeError(try gradient(true), try gradient(false).map(Double.init)) < 1e-5)
    }

    @Test func runningStatisticsFollowPyTorchsRule() throws {
        let family = families[0]
        let naive = NaiveNetwork(family.architecture, seed: 27)
        let clips = randomClips(2, family.extent, seed: 28)
        let dOut = randomGradients(2, family.architecture.featureChannels, seed: 29)
        let (_, tape, _) = naive.train(clips, dOut: dOut)
        let pass = try TrainingPass(naive, clips, dOut: dOut, precision: .float32)
        for (name, norm) in naive.norms {
            let (mean, variance, count) = tape.statistics[name]!
            let unbiased = variance.map { $0 * Double(count) / Double(count - 1) }
            func moved(_ old: Tensor, _ new: [Double]) -> [Double] {
                zip(old.values, new).map { 0.9 * Double($0) + 0.1 * $1 }
            }
            let runningMean = Array(pass.parameters.buffer("\(name).running_mean").value)
            let runningVariance = Array(pass.parameters.buffer("\(name).running_var").value)
            #expect(relativeError(runningMean, moved(norm.runningMean, mean)) < 1e-5)
            #expect(relativeError(runningVariance, moved(norm.runningVariance, unbiased)) < 1e-5)
        }
    }

    @Test(arguments: families, Precision.supported)
    func memoryIsKnownBeforehand(family: Family, precision: Precision) throws {
        let stated = try TrainingNetwork.requiredMemory(
            family.architecture, inputExtent: family.extent, batch: 5, threads: 2, precision: precision)
        let network = try TrainingNetwork(
            family.architecture, parameters: TrainingParameters(family.architecture),
            inputExtent: family.extent,
            batch: 5, threads: 2, precision: precision)
        #expect(network.allocatedBytes == stated)
        #expect(stated > 5 * 3 * family.extent.product * 2)
    }

    @Test(arguments: Precision.supported)
    func twoIdenticalStepsAtOneThreadGiveIdenticalBits(precision: Precision) throws {
        let family = families[0]
        let naive = NaiveNetwork(family.architecture, seed: 30)
        let clips = randomClips(3, family.extent, seed: 31)
        let dOut = randomGradients(3, family.architecture.featureChannels, seed: 32)
        let first = try TrainingPass(naive, clips, dOut: dOut, precision: precision, threads: 1)
        let second = try TrainingPass(naive, clips, dOut: dOut, precision: precision, threads: 1)
        #expect(first.features == second.features)
        for (a, b) in zip(first.parameters.parameters, second.parameters.parameters) {
            #expect(a.gradient.elementsEqual(b.gradient), "\(a.name)")
        }
        for (a, b) in zip(first.parameters.buffers, second.parameters.buffers) {
            #expect(a.value.elementsEqual(b.value), "\(a.name)")
        }
    }
}
