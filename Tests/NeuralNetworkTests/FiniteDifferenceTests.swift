import NeuralNetwork
import Testing

/// Slopes of the loss Σ dOut·out.
private struct Slopes {
    var tape: [Double] = []
    var differences: [Double] = []

    /// Largest difference over the largest slope.
    var error: Double {
        let scale = differences.map(abs).max() ?? 0
        return zip(tape, differences).map { abs($0 - $1) }.max()! / max(scale, 1e-9)
    }
}

private func random(_ count: Int, seed: UInt64) -> [Double] {
    var generator = TestRandom(seed: seed)
    return (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
}

private func dot(_ a: [[Double]], _ b: [[Double]]) -> Double {
    zip(a.joined(), b.joined()).reduce(0) { $0 + $1.0 * $1.1 }
}

/// The naive backward, which is what oneDNN's layers are compared with, against central differences of the naive
/// forward, all in double precision: each operation by itself, then each family's network.
@Suite struct FiniteDifferenceTests {
    /// Every number of every input and parameter of one operation; three clips.
    private func check(
        inputs: Int = 1, channels: Int = 3, extent: Extent3D, parameters: [String: Int] = [:],
        _ operation: (NaiveTape, [NaiveValue]) -> NaiveValue
    ) {
        let size = channels * extent.product
        let values = (0..<inputs).map { input in
            (0..<3).map { random(size, seed: 50 + 3 * UInt64(input) + UInt64($0)) }
        }
        let named = parameters.sorted { $0.key < $1.key }
        let weights = named.enumerated().map { random($1.value, seed: 70 + UInt64($0)) }
        func run(_ values: [[[Double]]], _ weights: [[Double]]) -> (NaiveTape, [NaiveValue], NaiveValue) {
            let tape = NaiveTape()
            for ((name, count), numbers) in zip(named, weights) {
                tape.parameters[name] = numbers
                tape.gradients[name] = [Double](repeating: 0, count: count)
            }
            let given = values.map { clips in
                NaiveValue(clips.map { Volume(channels: channels, extent: extent, values: $0) })
            }
            return (tape, given, operation(tape, given))
        }
        let (tape, given, output) = run(values, weights)
        let dOut = output.clips.indices.map { random(output.clips[$0].values.count, seed: 90 + UInt64($0)) }
        for clip in output.clips.indices { output.gradient[clip].values = dOut[clip] }
        tape.backward()
        func slope(_ change: (inout [[[Double]]], inout [[Double]], Double) -> Void) -> Double {
            func loss(_ step: Double) -> Double {
                var (moved, movedWeights) = (values, weights)
                change(&moved, &movedWeights, step)
                return dot(run(moved, movedWeights).2.clips.map(\.values), dOut)
            }
            return (loss(1e-6) - loss(-1e-6)) / 2e-6
        }
        for input in values.indices {
            var slopes = Slopes()
            for clip in values[input].indices {
                slopes.tape += given[input].gradient[clip].values
                slopes.differences += values[input][clip].indices.map { i in
                    slope { values, _, step in values[input][clip][i] += step }
                }
            }
            #expect(slopes.error < 1e-7, "input \(input): \(slopes.error)")
            #expect(slopes.differences.contains { abs($0) > 1e-2 }, "nothing to compare with")
        }
        for (number, (name, _)) in named.enumerated() {
            let slopes = Slopes(
                tape: tape.gradients[name]!,
                differences: weights[number].indices.map { i in
                    slope { _, weights, step in weights[number][i] += step }
                })
            #expect(slopes.error < 1e-7, "\(name): \(slopes.error)")
            #expect(slopes.differences.contains { abs($0) > 1e-2 }, "nothing to compare with")
        }
    }

    @Test(arguments: [
        (Extent3D(3, 3, 3), Extent3D(1, 1, 1), Extent3D(1, 1, 1)),
        (Extent3D(1, 3, 2), Extent3D(1, 2, 2), Extent3D(0, 1, 0)),
        (Extent3D(3, 1, 1), Extent3D(2, 1, 1), Extent3D(1, 0, 0)),
        (Extent3D(1, 1, 1), Extent3D(2, 2, 2), Extent3D(0, 0, 0)),
    ])
    func convolution(kernel: Extent3D, stride: Extent3D, padding: Extent3D) {
        let shape = ConvolutionShape(
            inputChannels: 3, outputChannels: 2, kernel: kernel, stride: stride, padding: padding)
        check(extent: Extent3D(3, 4, 5), parameters: ["w": shape.weightShape.reduce(1, *)]) {
            $0.convolution($1[0], "w", shape)
        }
    }

    @Test func batchNormOfABatchsOwnStatistics() {
        check(extent: Extent3D(2, 3, 2), parameters: ["n.weight": 3, "n.bias": 3]) {
            $0.batchNorm($1[0], "n")
        }
    }

    @Test func rectification() { check(extent: Extent3D(2, 3, 4)) { $0.relu($1[0]) } }

    @Test func residualSum() {
        check(inputs: 2, extent: Extent3D(2, 2, 3)) { $0.sum($1[0], $1[1]) }
        // A value that goes both ways, as a block's input does.
        check(extent: Extent3D(2, 2, 3)) { $0.sum($0.relu($1[0]), $1[0]) }
    }

    @Test func maxPooling() {
        let shape = PoolingShape(
            kernel: Extent3D(1, 3, 3), stride: Extent3D(1, 2, 2), padding: Extent3D(0, 1, 1))
        check(extent: Extent3D(2, 5, 6)) { $0.maxPool($1[0], shape) }
    }

    @Test func globalAveraging() {
        let (channels, extent) = (2, Extent3D(2, 3, 2))
        let clips = (0..<2).map {
            Volume(
                channels: channels, extent: extent,
                values: random(channels * extent.product, seed: 40 + UInt64($0)))
        }
        let dOut = (0..<2).map { random(channels, seed: 44 + UInt64($0)) }
        let tape = NaiveTape()
        let input = NaiveValue(clips)
        _ = tape.globalAverage(input, dOut: dOut)
        tape.backward()
        for clip in clips.indices {
            for cell in clips[clip].values.indices {
                func loss(_ step: Double) -> Double {
                    var shifted = clips
                    shifted[clip].values[cell] += step
                    return dot(shifted.map(Naive.globalAverage), dOut)
                }
                let slope = (loss(1) - loss(-1)) / 2
                #expect(abs(input.gradient[clip].values[cell] - slope) < 1e-12)
            }
        }
    }

    /// A number of every parameter and some of the input, through the whole network. The step is so short that hardly
    /// any ReLU or maximum changes sides within it. oneDNN's float32 gradients are held to the same differences.
    @Test(arguments: families) func wholeNetworks(family: Family) throws {
        let naive = NaiveNetwork(family.architecture, seed: 41)
        // Two more passes for every number: half the size is a quarter of the time.
        let full = family.extent
        let clips = randomClips(
            3, Extent3D(full.time, (full.height + 1) / 2, (full.width + 1) / 2), seed: 42)
        let dOut = randomGradients(3, family.architecture.featureChannels, seed: 43)
        let (_, tape, input) = naive.train(clips, dOut: dOut)
        let pass = try TrainingPass(naive, clips, dOut: dOut, precision: .float32)
        let h = 1e-7
        var generator = TestRandom(seed: 45)
        for parameter in pass.parameters.parameters {
            let gradient = tape.gradients[parameter.name]!
            let index = Int.random(in: 0..<gradient.count, using: &generator)
            func loss(_ step: Double) -> Double {
                dot(
                    naive.record(clips, dOut: dOut, shifting: (name: parameter.name, index: index, by: step))
                        .features, dOut)
            }
            let slope = (loss(h) - loss(-h)) / (2 * h)
            let scale = gradient.map(abs).max()!
            let (own, engine) = (gradient[index], Double(parameter.gradient[index]))
            #expect(abs(own - slope) < 1e-6 * scale, "\(parameter.name): \(own) and \(slope)")
            #expect(abs(engine - slope) < 1e-4 * scale, "\(parameter.name): \(engine) and \(slope)")
        }
        for clip in clips.indices {
            let index = Int.random(in: 0..<clips[clip].values.count, using: &generator)
            func loss(_ step: Double) -> Double {
                var shifted = clips
                shifted[clip].values[index] += step
                return dot(naive.record(shifted, dOut: dOut).features, dOut)
            }
            let slope = (loss(h) - loss(-h)) / (2 * h)
            let gradient = input.gradient[clip].values
            #expect(abs(gradient[index] - slope) < 1e-6 * gradient.map(abs).max()!, "input of clip \(clip)")
        }
    }
}
