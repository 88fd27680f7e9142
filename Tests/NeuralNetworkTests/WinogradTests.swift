import CWinograd
import NeuralNetwork
import Testing

/// Shapes with edges of every kind: narrower than a tile, one tile, some tiles and a rest; channels that fill no column;
/// one frame, two, and more, and so many that they are taken in pairs; work of one chunk and of many.
private let shapes: [mixtape_winograd] = [
    (1, 8, 8, 1, 1, 4, 4), (1, 8, 8, 3, 1, 3, 3), (2, 16, 24, 3, 1, 5, 5), (1, 24, 40, 1, 3, 13, 6),
    (2, 8, 8, 3, 2, 9, 8), (1, 16, 16, 3, 5, 7, 7), (3, 32, 16, 3, 4, 2, 17), (1, 32, 32, 1, 8, 28, 28),
    (2, 64, 64, 3, 3, 14, 13), (1, 128, 128, 3, 8, 4, 4), (2, 16, 24, 3, 8, 10, 12),
    (1, 32, 32, 3, 10, 9, 17),
].map {
    mixtape_winograd(
        batch: $0, input_channels: $1, output_channels: $2, time_taps: $3, frames: $4, height: $5, width: $6,
        stride: 1)
}

/// With a stride of 2, even and odd heights and widths: narrower than a tile, one, and some and a rest; in pairs and not.
private let stridedShapes: [mixtape_winograd] = [
    (1, 8, 8, 1, 1, 4, 4), (1, 8, 8, 3, 1, 3, 1), (2, 16, 24, 3, 1, 5, 5), (1, 24, 40, 1, 3, 13, 6),
    (2, 8, 8, 3, 2, 9, 8), (3, 32, 16, 3, 4, 2, 17), (2, 64, 72, 3, 8, 14, 13), (5, 64, 32, 3, 8, 7, 7),
    (1, 32, 32, 3, 10, 19, 17), (6, 16, 16, 3, 8, 16, 16),
].map {
    mixtape_winograd(
        batch: $0, input_channels: $1, output_channels: $2, time_taps: $3, frames: $4, height: $5, width: $6,
        stride: 2)
}
private let allShapes = shapes + stridedShapes

extension mixtape_winograd: @retroactive CustomTestStringConvertible {
    /// Its numbers, for the test runner.
    public var testDescription: String {
        "\(batch)×\(input_channels)→\(output_channels), \(time_taps)×3×3, \(frames)×\(height)×\(width), stride \(stride)"
    }
    fileprivate var outputHeight: Int { Int((height + stride - 1) / stride) }
    fileprivate var outputWidth: Int { Int((width + stride - 1) / stride) }
    fileprivate var inputCount: Int { Int(batch * input_channels * frames * height * width) }
    fileprivate var outputCount: Int { Int(batch * output_channels * frames) * outputHeight * outputWidth }
    fileprivate var weightCount: Int { Int(output_channels * input_channels * time_taps) * 9 }
}

/// Arrays of one convolution, in blocks of 8 channels.
private struct Case {
    let shape: mixtape_winograd
    var source, weights, bias, before: [Float]

    init(_ shape: mixtape_winograd, seed: UInt64) {
        var random = TestRandom(seed: seed)
        self.shape = shape
        source = random.floats(shape.inputCount)
        let scale = (2 / Float(shape.input_channels * shape.time_taps * 9)).squareRoot()
        weights = random.floats(shape.weightCount).map { $0 * scale }
        bias = random.floats(Int(shape.output_channels))
        before = random.floats(shape.outputCount)
    }

    init(_ shape: mixtape_winograd, source: [Float], weights: [Float], bias: [Float], before: [Float]) {
        self.shape = shape
        (self.source, self.weights, self.bias, self.before) = (source, weights, bias, before)
    }

    func run(adds: Bool = false, relu: Bool = false, threads: Int32 = 1) -> [Float] {
        withUnsafePointer(to: shape) { shape in
            var prepared = [Float](repeating: .nan, count: mixtape_winograd_weight_count(shape))
            mixtape_winograd_prepare(shape, weights, false, &prepared, threads)
            // What no one may read before it was written is not a number.
            var scratch = [Float](
                repeating: .nan, count: mixtape_winograd_scratch_size(shape, threads) / 4)
            var result = before
            mixtape_winograd_run(shape, source, prepared, bias, &result, adds, relu, &scratch, threads)
            return result
        }
    }

    /// The definition, in double precision.
    func expected(adds: Bool, relu: Bool) -> [Double] {
        let (channels, outputs) = (Int(shape.input_channels), Int(shape.output_channels))
        let (frames, height, width) = (Int(shape.frames), Int(shape.height), Int(shape.width))
        let (taps, stride) = (Int(shape.time_taps), Int(shape.stride))
        /// Over the channels, of one tap.
        func products(
            _ clip: Int, _ out: Int, _ cell: (t: Int, y: Int, x: Int), _ tap: (t: Int, y: Int, x: Int)
        ) -> Double {
            let (t, y, x) = (
                cell.t + tap.t - taps / 2, stride * cell.y + tap.y - 1, stride * cell.x + tap.x - 1
            )
            guard (0..<frames).contains(t), (0..<height).contains(y), (0..<width).contains(x) else {
                return 0
            }
            return (0..<channels).reduce(0) { sum, channel in
                let row = ((clip * channels / 8 + channel / 8) * frames + t) * height + y
                let value = source[(row * width + x) * 8 + channel % 8]
                let weight = ((out * channels + channel) * taps + tap.t) * 9 + tap.y * 3 + tap.x
                return sum + Double(value) * Double(weights[weight])
            }
        }
        var result = before.map { adds ? Double($0) : 0 }
        for clip in 0..<Int(shape.batch) {
            for out in 0..<outputs {
                for t in 0..<frames {
                    for y in 0..<shape.outputHeight {
                        for x in 0..<shape.outputWidth {
                            var sum = Double(bias[out])
                            for tap in 0..<taps * 9 {
                                sum += products(
                                    clip, out, (t, y, x), (tap / 9, tap / 3 % 3, tap % 3))
                            }
                            let row = ((clip * outputs / 8 + out / 8) * frames + t) * shape.outputHeight + y
                            let at = (row * shape.outputWidth + x) * 8 + out % 8
                            result[at] = relu ? max(0, result[at] + sum) : result[at] + sum
                        }
                    }
                }
            }
        }
        return result
    }
}

extension Case {
    /// The gradients by source and weights of Σ destination·gradient, where `before` is the gradient; the second is added to
    /// what is in `weights`.
    func gradients(threads: Int32 = 1) -> (source: [Float], weights: [Float]) {
        var backward = shape
        swap(&backward.input_channels, &backward.output_channels)
        let bySource = withUnsafePointer(to: backward) { shape in
            var prepared = [Float](repeating: .nan, count: mixtape_winograd_weight_count(shape))
            mixtape_winograd_prepare(shape, weights, true, &prepared, threads)
            var scratch = [Float](
                repeating: .nan, count: mixtape_winograd_scratch_size(shape, threads) / 4)
            var result = [Float](repeating: .nan, count: source.count)
            mixtape_winograd_run(shape, before, prepared, nil, &result, false, false, &scratch, threads)
            return result
        }
        let byWeights = withUnsafePointer(to: shape) { shape in
            var scratch = [Float](
                repeating: .nan, count: mixtape_winograd_gradient_scratch_size(shape) / 4)
            var result = weights
            mixtape_winograd_add_weight_gradient(shape, source, before, &result, &scratch, threads)
            return result
        }
        return (bySource, byWeights)
    }

    /// Σ destination·gradient, from the definition, with other source or weights and no bias.
    func loss(source: [Float]? = nil, weights: [Float]? = nil) -> Double {
        let other = Case(
            shape, source: source ?? self.source, weights: weights ?? self.weights,
            bias: bias.map { _ in 0 }, before: before)
        return zip(other.expected(adds: false, relu: false), before).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
}

@Suite(.enabled(if: ComputeEngine.hasAVX2)) struct WinogradTests {
    /// The loss is linear in the source and in the weights, so that gradients are its differences, however large the step.
    @Test(arguments: shapes, 0..<6) func gradientsAreDifferences(shape: mixtape_winograd, draw: Int) {
        let one = Case(shape, seed: 11)
        let (bySource, byWeights) = one.gradients()
        var random = TestRandom(seed: UInt64(draw))
        let there = random.floats(one.source.count)
        let change = one.loss(source: zip(one.source, there).map { $0 + $1 }) - one.loss()
        let expected = zip(bySource, there).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        let size = bySource.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
        #expect(abs(change - expected) < 2e-5 * size * Double(there.count).squareRoot())

        let aside = random.floats(one.weights.count)
        let weightChange = one.loss(weights: zip(one.weights, aside).map { $0 + $1 }) - one.loss()
        // `weights` were there before.
        let gradient = zip(byWeights, one.weights).map { Double($0) - Double($1) }
        let weightExpected = zip(gradient, aside).reduce(0) { $0 + $1.0 * Double($1.1) }
        let weightSize = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(weightChange - weightExpected) < 2e-5 * weightSize * Double(aside.count).squareRoot())
    }

    @Test(arguments: shapes, [2, 3, 7] as [Int32])
    func theNumberOfThreadsIsNotSeenInGradients(shape: mixtape_winograd, threads: Int32) {
        let one = Case(shape, seed: 12)
        let (some, single) = (one.gradients(threads: threads), one.gradients())
        #expect(some.source == single.source)
        #expect(some.weights == single.weights)
    }

    /// The points at which the polynomials are evaluated make numbers of very different size: a few 1e-6 are lost.
    @Test(arguments: allShapes, [false, true]) func itIsTheConvolution(shape: mixtape_winograd, adds: Bool) {
        let one = Case(shape, seed: 1)
        for relu in [false, true] {
            let error = relativeError(
                one.run(adds: adds, relu: relu), one.expected(adds: adds, relu: relu))
            #expect(error < 2e-5, "relu \(relu)")
        }
    }

    @Test(arguments: allShapes, [2, 3, 7] as [Int32])
    func theNumberOfThreadsIsNotSeen(shape: mixtape_winograd, threads: Int32) {
        let one = Case(shape, seed: 2)
        #expect(one.run(threads: threads) == one.run())
    }

    @Test(arguments: allShapes) func clipsOfABatchAreThoseAlone(shape: mixtape_winograd) {
        let batch = Case(shape, seed: 3)
        var single = shape
        single.batch = 1
        let together = batch.run(relu: true)
        for clip in 0..<Int(shape.batch) {
            func part(_ values: [Float], _ count: Int) -> [Float] {
                Array(values[clip * count..<(clip + 1) * count])
            }
            let alone = Case(
                single, source: part(batch.source, single.inputCount), weights: batch.weights,
                bias: batch.bias, before: part(batch.before, single.outputCount))
            #expect(alone.run(relu: true) == part(together, single.outputCount))
        }
    }

    @Test func notANumberStaysOne() {
        var one = Case(shapes[5], seed: 4)
        one.source[9] = .nan
        #expect(one.run(relu: true).contains { $0.isNaN })
    }

    @Test func formsWithoutKernelsAreRefused() {
        for (channels, outputs, taps) in [(12, 8, 1), (8, 12, 1), (8, 8, 5)] as [(Int32, Int32, Int32)] {
            var shape = shapes[0]
            (shape.input_channels, shape.output_channels, shape.time_taps) = (channels, outputs, taps)
            #expect(!withUnsafePointer(to: shape) { mixtape_winograd_is_supported($0) })
        }
        var shape = shapes[0]
        shape.stride = 3
        #expect(!withUnsafePointer(to: shape) { mixtape_winograd_is_supported($0) })
    }

    /// What the other tests of networks hold to the definition is this code, on processors for which it is meant.
    @Test func programsUseItWhereItPays() throws {
        let family = families[0]
        let program = try InferenceProgram(
            NaiveNetwork(family.architecture, seed: 5).network(), inputExtent: family.extent,
            precision: .float32)
        let isUsed = program.kernels.contains { $0.hasSuffix("winograd:avx2") }
        #expect(isUsed == ComputeEngine.favoursWinograd)
        #expect(program.kernels.first?.hasSuffix("winograd:avx2") == false)
    }

    /// Large weights over small clips, as in the later stages of a network.
    @Test(arguments: Precision.supported) func clipsShareLargeWeights(precision: Precision) throws {
        let one = Extent3D(1, 1, 1)
        let architecture = ResidualArchitecture(
            stem: [.init(channels: 128, kernel: one, stride: one, padding: Extent3D(0, 0, 0))], pool: nil,
            stages: [.init(blocks: 1, channels: 128, kernel: Extent3D(3, 3, 3), stride: one)])
        let program = try InferenceProgram(
            NaiveNetwork(architecture, seed: 6).network(), inputExtent: Extent3D(8, 4, 4),
            precision: precision)
        let shares =
            precision == .float32 ? ComputeEngine.favoursWinograd : ComputeEngine.hasTiles
        #expect(program.favouredBatch == (shares ? 4 : 1))
    }
}
