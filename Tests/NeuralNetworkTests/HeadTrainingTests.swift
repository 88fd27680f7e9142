import NeuralNetwork
import Testing

/// Numbers at a fixed address.
private final class Numbers<Element: BinaryFloatingPoint> {
    let buffer: UnsafeMutableBufferPointer<Element>
    init(_ values: [Element]) {
        buffer = .allocate(capacity: values.count)
        _ = buffer.initialize(from: values)
    }
    convenience init(count: Int) { self.init([Element](repeating: 0, count: count)) }
    deinit { buffer.deallocate() }
    var reading: UnsafeBufferPointer<Element> { UnsafeBufferPointer(buffer) }
    var values: [Double] { buffer.map { Double($0) } }
}

/// The gradient of Σ weights·f(x) by central differences.
private func finiteDifferences(_ x: [Double], _ weights: [Double], _ f: ([Double]) -> [Double]) -> [Double] {
    x.indices.map { i in
        let h = 1e-5
        var (up, down) = (x, x)
        up[i] += h
        down[i] -= h
        let (a, b) = (f(up), f(down))
        return weights.indices.reduce(0) { $0 + weights[$1] * (a[$1] - b[$1]) } / (2 * h)
    }
}

private func expectNear(_ a: [Double], _ b: [Double], _ tolerance: Double, _ what: String) {
    let scale = b.map(abs).max() ?? 0
    #expect(scale > 1e-3, "\(what): nothing to compare with")
    for (x, y) in zip(a, b) { #expect(abs(x - y) <= tolerance * scale, "\(what): \(x) and \(y)") }
}

/// Each layer of the head against central differences in double.
@Suite struct HeadTrainingTests {
    let rows = 3
    let dimension = 7

    func random(_ count: Int, seed: UInt64) -> [Double] {
        var generator = TestRandom(seed: seed)
        return (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
    }

    @Test func layerNormMatchesFiniteDifferences() {
        let (x, dOut) = (random(rows * dimension, seed: 1), random(rows * dimension, seed: 2))
        let (weight, bias) = (random(dimension, seed: 3), random(dimension, seed: 4))
        func forward(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> [Double] {
            let out = Numbers<Double>(count: x.count)
            let (inp, factor, shift) = (Numbers(x), Numbers(weight), Numbers(bias))
            LayerNormalization.forward(
                inp.reading, weight: factor.reading, bias: shift.reading, into: out.buffer)
            withExtendedLifetime((inp, factor, shift)) {}
            return out.values
        }
        let dInp = Numbers<Double>(count: x.count)
        // Gradients of parameters are added to.
        let dWeight = Numbers([Double](repeating: 1, count: dimension))
        let dBias = Numbers([Double](repeating: 2, count: dimension))
        let (given, inp, factor) = (Numbers(dOut), Numbers(x), Numbers(weight))
        LayerNormalization.backward(
            given.reading, inp: inp.reading, weight: factor.reading, dWeight: dWeight.buffer,
            dBias: dBias.buffer,
            into: dInp.buffer)
        withExtendedLifetime((given, inp, factor)) {}
        expectNear(dInp.values, finiteDifferences(x, dOut) { forward($0, weight, bias) }, 1e-7, "input")
        expectNear(
            dWeight.values.map { $0 - 1 }, finiteDifferences(weight, dOut) { forward(x, $0, bias) }, 1e-7,
            "weight")
        expectNear(
            dBias.values.map { $0 - 2 }, finiteDifferences(bias, dOut) { forward(x, weight, $0) }, 1e-7,
            "bias")
    }

    @Test func l2NormMatchesFiniteDifferences() {
        let (x, dOut) = (random(rows * dimension, seed: 5), random(rows * dimension, seed: 6))
        func forward(_ x: [Double]) -> [Double] {
            let (inp, out) = (Numbers(x), Numbers<Double>(count: x.count))
            L2Normalization.forward(inp.reading, into: out.buffer, dimension: dimension)
            withExtendedLifetime(inp) {}
            return out.values
        }
        let (given, inp, dInp) = (Numbers(dOut), Numbers(x), Numbers<Double>(count: x.count))
        L2Normalization.backward(given.reading, inp: inp.reading, into: dInp.buffer, dimension: dimension)
        withExtendedLifetime((given, inp)) {}
        expectNear(dInp.values, finiteDifferences(x, dOut, forward), 1e-7, "input")
    }

    @Test func aZeroVectorHasAFiniteGradient() {
        let (given, inp, dInp) = (
            Numbers(random(4, seed: 7)), Numbers<Double>(count: 4), Numbers<Double>(count: 4)
        )
        L2Normalization.backward(given.reading, inp: inp.reading, into: dInp.buffer, dimension: 4)
        withExtendedLifetime((given, inp)) {}
        let isFinite = dInp.values.allSatisfy { $0.isFinite }
        #expect(isFinite)
    }

    /// The layer is linear, so a step of 1 gives the derivative exactly, up to float32's rounding.
    @Test func linearMatchesDifferences() {
        let (inputs, outputs) = (5, 4)
        let (x, dOut) = (random(rows * inputs, seed: 8), random(rows * outputs, seed: 9))
        let (weight, bias) = (random(outputs * inputs, seed: 10), random(outputs, seed: 11))
        func loss(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> Double {
            let numbers = [x, weight, bias].map { Numbers<Float>($0.map { Float($0) }) }
            let out = Numbers<Float>(count: rows * outputs)
            Linear.forward(
                numbers[0].reading, weight: numbers[1].reading, bias: numbers[2].reading, into: out.buffer)
            withExtendedLifetime(numbers) {}
            return zip(dOut, out.values).reduce(0) { $0 + $1.0 * $1.1 }
        }
        func slope(_ x: [Double], _ f: ([Double]) -> Double) -> [Double] {
            x.indices.map { i in
                var (up, down) = (x, x)
                up[i] += 1
                down[i] -= 1
                return (f(up) - f(down)) / 2
            }
        }
        let numbers = [dOut, x, weight].map { Numbers<Float>($0.map { Float($0) }) }
        let dInp = Numbers<Float>(count: x.count)
        let dWeight = Numbers<Float>(count: weight.count)
        let dBias = Numbers<Float>(count: outputs)
        for accumulating in [false, true] {
            Linear.backward(
                numbers[0].reading, inp: numbers[1].reading, weight: numbers[2].reading,
                dWeight: dWeight.buffer,
                dBias: dBias.buffer, into: dInp.buffer, accumulating: accumulating)
        }
        withExtendedLifetime(numbers) {}
        // Run twice, so everything is there twice.
        expectNear(dInp.values.map { $0 / 2 }, slope(x) { loss($0, weight, bias) }, 1e-5, "input")
        expectNear(dWeight.values.map { $0 / 2 }, slope(weight) { loss(x, $0, bias) }, 1e-5, "weight")
        expectNear(dBias.values.map { $0 / 2 }, slope(bias) { loss(x, weight, $0) }, 1e-5, "bias")
    }

    @Test func clampPassesGradientsInsideItsRangeOnly() {
        let (inp, given) = (Numbers<Float>([-11, -10, 0, 4, 5]), Numbers<Float>([1, 2, 3, 4, 5]))
        let (out, dInp) = (Numbers<Float>(count: 5), Numbers<Float>(count: 5))
        Clamp.forward(inp.reading, into: out.buffer, range: -10...4)
        Clamp.backward(given.reading, inp: inp.reading, into: dInp.buffer, range: -10...4)
        withExtendedLifetime((inp, given)) {}
        #expect(out.values == [-10, -10, 0, 4, 4])
        #expect(dInp.values == [0, 2, 3, 4, 0])
    }

    /// Between the kinks the layer is linear in steps of powers of two: the differences are exact.
    @Test func clampMatchesDifferences() {
        let range: ClosedRange<Float> = -9...3.5
        let x = stride(from: Float(-12.125), through: 6, by: 0.75).map(\.self)
        let dOut = random(x.count, seed: 12).map { Float($0) }
        func forward(_ x: [Float]) -> [Double] {
            let (inp, out) = (Numbers<Float>(x), Numbers<Float>(count: x.count))
            Clamp.forward(inp.reading, into: out.buffer, range: range)
            withExtendedLifetime(inp) {}
            return out.values
        }
        let (given, inp, dInp) = (Numbers<Float>(dOut), Numbers<Float>(x), Numbers<Float>(count: x.count))
        Clamp.backward(given.reading, inp: inp.reading, into: dInp.buffer, range: range)
        withExtendedLifetime((given, inp)) {}
        let h: Float = 0x1p-6
        let (above, below) = (forward(x.map { $0 + h }), forward(x.map { $0 - h }))
        let expected = x.indices.map { Double(dOut[$0]) * (above[$0] - below[$0]) / Double(2 * h) }
        #expect(x.allSatisfy { abs($0 - range.lowerBound) > h && abs($0 - range.upperBound) > h })
        #expect(dInp.values == expected)
        #expect(dInp.values.contains(0) && dInp.values.contains { $0 != 0 })
    }

    /// Linear too; forward sums in double and rounds once.
    @Test func globalAveragePoolingMatchesDifferences() {
        let (channels, cells) = (6, 5)
        let (x, dOut) = (random(channels * cells, seed: 13), random(channels, seed: 14))
        func loss(_ x: [Double]) -> Double {
            let (inp, out) = (Numbers<Float>(x.map { Float($0) }), Numbers<Float>(count: channels))
            GlobalAveragePooling.forward(inp.reading, into: out.buffer, cells: cells)
            withExtendedLifetime(inp) {}
            return zip(dOut, out.values).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let (given, dInp) = (Numbers<Float>(dOut.map { Float($0) }), Numbers<Float>(count: x.count))
        GlobalAveragePooling.backward(given.reading, into: dInp.buffer, cells: cells)
        withExtendedLifetime(given) {}
        let slopes = x.indices.map { i in
            var (up, down) = (x, x)
            up[i] += 1
            down[i] -= 1
            return (loss(up) - loss(down)) / 2
        }
        expectNear(dInp.values, slopes, 1e-5, "input")
    }

    @Test func globalAveragePoolingSharesItsGradient() {
        let (given, dInp) = (Numbers<Float>([8, -4]), Numbers<Float>(count: 8))
        GlobalAveragePooling.backward(given.reading, into: dInp.buffer, cells: 4)
        withExtendedLifetime(given) {}
        #expect(dInp.values == [2, 2, 2, 2, -1, -1, -1, -1])
    }
}
