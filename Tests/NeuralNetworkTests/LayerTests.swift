import NeuralNetwork
import Tensors
import Testing

@Suite struct LayerTests {
    /// The one convolution, with kernels, strides and paddings that differ by dimension, channels that fill no register.
    @Test(arguments: [
        ConvolutionShape(
            inputChannels: 3, outputChannels: 7, kernel: Extent3D(1, 7, 7), stride: Extent3D(1, 2, 2),
            padding: Extent3D(0, 3, 3)),
        ConvolutionShape(
            inputChannels: 16, outputChannels: 16, kernel: Extent3D(3, 3, 3), stride: Extent3D(1, 1, 1),
            padding: Extent3D(1, 1, 1)),
        ConvolutionShape(
            inputChannels: 17, outputChannels: 33, kernel: Extent3D(3, 1, 1), stride: Extent3D(2, 1, 1),
            padding: Extent3D(1, 0, 0)),
        ConvolutionShape(
            inputChannels: 20, outputChannels: 5, kernel: Extent3D(1, 1, 1), stride: Extent3D(2, 2, 2),
            padding: Extent3D(0, 0, 0)),
        ConvolutionShape(
            inputChannels: 1, outputChannels: 1, kernel: Extent3D(2, 4, 3), stride: Extent3D(2, 1, 3),
            padding: Extent3D(0, 2, 1)),
    ])
    func convolutionEqualsTheNaiveLoops(shape: ConvolutionShape) throws {
        var random = TestRandom(seed: 11)
        let extent = Extent3D(5, 11, 9)
        let weights = random.tensor(shape.weightShape)
        let input = random.tensor([shape.inputChannels] + extent.values)
        let convolution = try PlainConvolution(shape, weights: weights, extent: extent, threads: 2)
        let output = try convolution.forward(input)
        let expected = Naive.convolution(
            Volume(channels: shape.inputChannels, extent: extent, values: input.values.map(Double.init)),
            weights,
            shape)
        #expect(output.shape == [shape.outputChannels] + expected.extent.values)
        // A few hundred float32 products of size up to 1.
        #expect(relativeError(output.values, expected.values) < 5e-6)
    }

    @Test func foldingIsTheNormBehindTheConvolution() {
        var random = TestRandom(seed: 12)
        let shape = ConvolutionShape(
            inputChannels: 4, outputChannels: 6, kernel: Extent3D(1, 3, 3), stride: Extent3D(1, 1, 1),
            padding: Extent3D(0, 1, 1))
        let weights = random.tensor(shape.weightShape)
        let norm = BatchNormalization(
            weight: random.tensor([6]), bias: random.tensor([6]), runningMean: random.tensor([6]),
            runningVariance: random.tensor([6], 0...2))
        let input = Volume(
            channels: 4, extent: Extent3D(2, 5, 6), values: random.floats(4 * 60).map(Double.init))
        let expected = Naive.batchNorm(Naive.convolution(input, weights, shape), norm)
        let folded = norm.folded(into: weights)
        let bias = folded.bias.values
        var got = Naive.convolution(input, folded.weights, shape)
        for index in got.values.indices { got.values[index] += Double(bias[index / 60]) }
        #expect(relativeError(got.values.map(Float.init), expected.values) < 1e-6)
    }

    @Test func statisticsAndApplicationNormaliseEveryChannel() {
        var random = TestRandom(seed: 13)
        var clips = (0..<3).map { _ in random.tensor([4, 2, 3, 5], -2...5) }
        let (mean, variance) = BatchNormalization.statistics(of: clips, channels: 4)
        var norm = BatchNormalization(channels: 4)
        norm.runningMean = Tensor(shape: [4], values: mean)
        norm.runningVariance = Tensor(shape: [4], values: variance)
        for index in clips.indices { norm.apply(to: &clips[index], adding: nil, relu: false) }
        let after = BatchNormalization.statistics(of: clips, channels: 4)
        #expect(after.mean.allSatisfy { abs($0) < 1e-6 })
        #expect(after.variance.allSatisfy { abs($0 - 1) < 1e-4 })
    }

    @Test func theHeadLayersFollowTheirDefinitions() {
        let linear = Linear(
            weight: Tensor(shape: [2, 10], values: (0..<20).map { Float($0) / 10 }),
            bias: Tensor(shape: [2], values: [1, -1]))
        let out = [Float](repeating: 1, count: 10).withUnsafeBufferPointer { linear.forward($0) }
        #expect(zip(out, [5.5, 13.5]).allSatisfy { abs($0 - $1) < 1e-5 })
        let norm = LayerNormalization(
            weight: Tensor(shape: [3], values: [1, 2, 1]), bias: Tensor(shape: [3], values: [0, 0, 1]))
        let normalized = norm.forward([1, 2, 3])
        let unit = Float(1 / (2.0 / 3 + 1e-5).squareRoot())
        #expect(zip(normalized, [-unit, 0, unit + 1]).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(L2Normalization.forward([3, 4]) == [0.6, 0.8])
        #expect(L2Normalization.forward([0, 0]) == [0, 0])
    }

    /// A calibrated network's own statistics are zero mean and unit variance at its first unit.
    @Test func calibrationIsTheStatisticsOfTheData() throws {
        var random = TestRandom(seed: 14)
        let architecture = families[0].architecture
        let convolutions = architecture.units.map { random.tensor($0.shape.weightShape) }
        let clips = (0..<3).map { _ in random.tensor([3, 3, 26, 30]) }
        let norms = try NormCalibration.run(
            architecture, convolutions: convolutions, clips: clips, threads: 1)
        #expect(norms.count == architecture.units.count)
        let first = architecture.units[0].shape
        let outputs = clips.map { clip in
            let volume = Volume(
                channels: 3, extent: Extent3D(3, 26, 30), values: clip.values.map(Double.init))
            let output = Naive.convolution(volume, convolutions[0], first)
            return Tensor(
                shape: [first.outputChannels] + output.extent.values, values: output.values.map(Float.init))
        }
        let (mean, variance) = BatchNormalization.statistics(of: outputs, channels: first.outputChannels)
        #expect(relativeError(norms[0].runningMean.values, mean.map(Double.init)) < 1e-4)
        #expect(relativeError(norms[0].runningVariance.values, variance.map(Double.init)) < 1e-4)
        // Deep in the network: neither dead nor exploded.
        #expect(norms.allSatisfy { $0.runningVariance.values.allSatisfy { $0.isFinite && $0 > 0 } })
    }
}
