import Base
import CTiles
import Foundation
import NeuralNetwork
import Tensors
import Testing

/// Frames that are one tile, less, many and a rest; taps that are one tile or several deep; lines that join to one run and, with
/// strides, do not, and strides beyond the taps; a source as it is read, padded, in planes and planar; pictures in groups and alone.
private let shapes: [mixtape_tiles] = [
    tiles(1, 32, 32, (1, 4, 4), (1, 3, 3)), tiles(2, 32, 64, (3, 4, 4), (3, 3, 3)),
    tiles(1, 64, 32, (4, 7, 7), (3, 3, 3)), tiles(2, 32, 32, (2, 9, 17), (1, 3, 3)),
    tiles(3, 64, 64, (2, 14, 5), (3, 3, 3)), tiles(1, 32, 32, (5, 1, 1), (3, 1, 1)),
    tiles(2, 32, 32, (1, 3, 2), (1, 1, 1)), tiles(1, 32, 32, (8, 28, 28), (3, 3, 3)),
    tiles(1, 256, 32, (3, 4, 4), (3, 3, 3)), tiles(1, 32, 32, (3, 6, 5), (1, 5, 3)),
]
private let stridedShapes: [mixtape_tiles] = [
    tiles(1, 32, 32, (2, 9, 8), (3, 3, 3), (1, 2, 2)), tiles(2, 64, 32, (5, 7, 7), (3, 3, 3), (2, 2, 2)),
    tiles(1, 32, 64, (4, 14, 13), (1, 1, 1), (1, 2, 2)), tiles(2, 32, 32, (5, 8, 8), (1, 1, 1), (2, 2, 2)),
    tiles(1, 32, 32, (3, 9, 40), (1, 3, 3), (1, 1, 2)), tiles(1, 32, 32, (3, 9, 7), (1, 3, 3), (2, 1, 1)),
    tiles(1, 3, 32, (2, 20, 38), (1, 7, 7), (1, 2, 2)), tiles(2, 3, 64, (3, 12, 12), (3, 7, 7), (1, 2, 2)),
    tiles(2, 3, 32, (4, 9, 11), (1, 3, 3)), tiles(1, 1, 32, (4, 6, 6), (3, 5, 5), (2, 1, 2)),
    tiles(1, 4, 32, (1, 5, 5), (1, 3, 7)), tiles(2, 3, 32, (2, 9, 10), (1, 1, 1), (1, 2, 2)),
    tiles(1, 32, 32, (2, 9, 4), (1, 1, 3), (1, 2, 1)), tiles(1, 32, 32, (2, 9, 9), (1, 3, 1), (1, 4, 4)),
]
private let allShapes = shapes + stridedShapes

private typealias Triple = (Int32, Int32, Int32)

private func tiles(
    _ batch: Int32, _ inputs: Int32, _ outputs: Int32, _ extent: Triple, _ taps: Triple,
    _ stride: Triple = (1, 1, 1)
) -> mixtape_tiles {
    mixtape_tiles(
        batch: batch, input_channels: inputs, output_channels: outputs, extent: extent, taps: taps,
        stride: stride, padding: (taps.0 / 2, taps.1 / 2, taps.2 / 2))
}

extension Extent3D {
    fileprivate init(_ triple: Triple) { self.init(Int(triple.0), Int(triple.1), Int(triple.2)) }
}

extension mixtape_tiles: @retroactive CustomTestStringConvertible {
    /// Its numbers, for the test runner.
    public var testDescription: String {
        "\(batch)×\(input_channels)→\(output_channels), taps \(taps), extent \(extent), stride \(stride)"
    }
    fileprivate var input: Extent3D { Extent3D(extent) }
    fileprivate var output: Extent3D {
        func along(_ extent: Int32, _ stride: Int32) -> Int { Int((extent + stride - 1) / stride) }
        return Extent3D(
            along(extent.0, stride.0), along(extent.1, stride.1), along(extent.2, stride.2))
    }
    fileprivate var inputCount: Int { Int(batch * input_channels) * input.product }
    fileprivate var outputCount: Int { Int(batch * output_channels) * output.product }
    fileprivate var weightCount: Int { Int(input_channels * output_channels) * Extent3D(taps).product }
    fileprivate var isPlanar: Bool { input_channels < 32 }

    /// Where a value of the source lies, nil outside of the picture.
    fileprivate func place(_ clip: Int, _ channel: Int, _ t: Int, _ y: Int, _ x: Int) -> Int? {
        let (input, channels) = (input, Int(input_channels))
        guard (0..<input.time).contains(t), (0..<input.height).contains(y), (0..<input.width).contains(x)
        else { return nil }
        func cell(_ image: Int) -> Int { ((image * input.time + t) * input.height + y) * input.width + x }
        return isPlanar ? cell(clip * channels + channel) : cell(clip) * channels + channel
    }
}

private func bits(_ values: [Float]) -> [UInt16] { values.map(HalfPrecision.bfloat16) }
private func floats(_ bits: [UInt16]) -> [Float] { bits.map { HalfPrecision.float32(fromBFloat16: $0) } }

/// Arrays of one convolution; what is bfloat16 there is so here.
private struct Case {
    let shape: mixtape_tiles
    var source, weights, bias, before: [Float]

    init(_ shape: mixtape_tiles, seed: UInt64) {
        var random = TestRandom(seed: seed)
        self.shape = shape
        source = floats(bits(random.floats(shape.inputCount)))
        let scale = (2 * Float(shape.output_channels) / Float(shape.weightCount)).squareRoot()
        weights = floats(bits(random.floats(shape.weightCount).map { $0 * scale }))
        bias = random.floats(Int(shape.output_channels))
        before = floats(bits(random.floats(shape.outputCount)))
    }

    func run(adds: Bool = false, relu: Bool = false, threads: Int32 = 1) -> [Float] {
        withUnsafePointer(to: shape) { shape in
            let prepared = AlignedBuffer(byteCount: mixtape_tiles_weight_size(shape))
            let weightBits = prepared.base.assumingMemoryBound(to: UInt16.self)
            mixtape_tiles_prepare(shape, weights, false, weightBits, threads)
            // What no one may read before it was written is not a number.
            let scratch = AlignedBuffer(byteCount: mixtape_tiles_scratch_size(shape))
            memset(scratch.base, 0xff, scratch.byteCount)
            var result = bits(before)
            mixtape_tiles_run(
                shape, bits(source), weightBits, bias, &result, adds, relu, scratch.base, threads)
            return floats(result)
        }
    }

    /// By the weights of Σ destination·gradient, where `before` is the gradient.
    func weightGradient(adding there: [Float], threads: Int32 = 1) -> [Float] {
        withUnsafePointer(to: shape) { shape in
            let scratch = AlignedBuffer(byteCount: mixtape_tiles_gradient_scratch_size(shape))
            memset(scratch.base, 0xff, scratch.byteCount)
            var result = there
            mixtape_tiles_add_weight_gradient(
                shape, bits(source), bits(before), &result, scratch.base, threads)
            return result
        }
    }

    /// The definition, in double precision.
    func expected(adds: Bool, relu: Bool) -> [Double] {
        let (channels, outputs) = (Int(shape.input_channels), Int(shape.output_channels))
        let (taps, output) = (Extent3D(shape.taps), shape.output)
        let stride = Extent3D(shape.stride)
        var result = before.map { adds ? Double($0) : 0 }
        for at in result.indices {
            let (out, cell) = (at % outputs, at / outputs)
            let x = cell % output.width, y = cell / output.width % output.height
            let t = cell / output.width / output.height % output.time
            var sum = Double(bias[out])
            for tap in 0..<taps.product {
                let (i, j, k) = (
                    tap / taps.width / taps.height, tap / taps.width % taps.height, tap % taps.width
                )
                for channel in 0..<channels {
                    let found = shape.place(
                        cell / output.product, channel, t * stride.time + i - taps.time / 2,
                        y * stride.height + j - taps.height / 2, x * stride.width + k - taps.width / 2)
                    guard let found else { break }
                    let weight = (out * channels + channel) * taps.product + tap
                    sum += Double(source[found]) * Double(weights[weight])
                }
            }
            result[at] = relu ? max(0, result[at] + sum) : result[at] + sum
        }
        return result
    }
}

/// Memory with a page on either side that may not be touched, right at one of its ends.
private final class FencedArray {
    let base: UnsafeMutableRawPointer
    var values: UnsafeMutablePointer<UInt16> { base.assumingMemoryBound(to: UInt16.self) }
    private let pages: UnsafeMutableRawPointer
    private let size: Int

    init(byteCount: Int, atEnd: Bool) {
        let page = Int(getpagesize())
        let room = (byteCount + page - 1) / page * page
        size = room + 2 * page
        guard let made = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            made != MAP_FAILED
        else { preconditionFailure("no memory") }
        pages = made
        mprotect(made, page, PROT_NONE)
        mprotect(made + page + room, page, PROT_NONE)
        base = made + page + (atEnd ? room - byteCount : 0)
    }

    deinit { munmap(pages, size) }
}

@Suite(.enabled(if: ComputeEngine.hasTiles)) struct TileTests {
    /// Results are bfloat16, the nearest to a sum that float32 keeps a few 1e-6 of.
    @Test(arguments: allShapes, [false, true]) func itIsTheConvolution(shape: mixtape_tiles, adds: Bool) {
        #expect(withUnsafePointer(to: shape) { mixtape_tiles_support($0) })
        let one = Case(shape, seed: 1)
        for relu in [false, true] {
            let expected = one.expected(adds: adds, relu: relu)
            let found = one.run(adds: adds, relu: relu)
            let isNear = zip(found, expected).allSatisfy {
                abs(Double($0) - $1) <= abs($1) / 255 + 2e-5
            }
            #expect(isNear, "relu \(relu)")
        }
    }

    @Test(arguments: allShapes, [2, 3, 7] as [Int32])
    func theNumberOfThreadsIsNotSeen(shape: mixtape_tiles, threads: Int32) {
        let one = Case(shape, seed: 2)
        #expect(one.run(threads: threads) == one.run())
    }

    @Test(arguments: allShapes) func clipsOfABatchAreThoseAlone(shape: mixtape_tiles) {
        var together = shape
        together.batch = 5
        let batch = Case(together, seed: 3)
        var single = shape
        single.batch = 1
        let results = batch.run(relu: true)
        for clip in 0..<5 {
            func part(_ values: [Float], _ count: Int) -> [Float] {
                Array(values[clip * count..<(clip + 1) * count])
            }
            var alone = Case(single, seed: 3)
            (alone.source, alone.weights, alone.bias) = (
                part(batch.source, single.inputCount), batch.weights, batch.bias
            )
            #expect(alone.run(relu: true) == part(results, single.outputCount))
        }
    }

    /// The gradient by the source is the convolution's transpose: Σ dst·gradient = Σ src·(gradient by src).
    @Test(arguments: shapes) func backwardIsTheTranspose(shape: mixtape_tiles) {
        var forward = Case(shape, seed: 4)
        forward.bias = forward.bias.map { _ in 0 }
        let gradient = forward.before
        let loss = zip(forward.expected(adds: false, relu: false), gradient).reduce(0) {
            $0 + $1.0 * Double($1.1)
        }
        var turned = shape
        swap(&turned.input_channels, &turned.output_channels)
        let bySource = withUnsafePointer(to: turned) { shape in
            let prepared = AlignedBuffer(byteCount: mixtape_tiles_weight_size(shape))
            let weightBits = prepared.base.assumingMemoryBound(to: UInt16.self)
            mixtape_tiles_prepare(shape, forward.weights, true, weightBits, 1)
            let scratch = AlignedBuffer(byteCount: mixtape_tiles_scratch_size(shape))
            var result = [UInt16](repeating: .max, count: forward.source.count)
            mixtape_tiles_run(
                shape, bits(gradient), weightBits, nil, &result, false, false, scratch.base, 1)
            return floats(result)
        }
        let back = zip(bySource, forward.source).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        let size = bySource.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
        // Each term is rounded to bfloat16 by itself.
        #expect(abs(loss - back) < 4 * size / 256)
    }

    /// The sum over cells of input times gradient is linear in the weights' place: Σ dst·gradient is Σ weights·(gradient by
    /// them), which are added to what is there.
    @Test(arguments: allShapes, 0..<3) func weightGradientsAreDifferences(shape: mixtape_tiles, draw: Int) {
        var one = Case(shape, seed: 6)
        one.bias = one.bias.map { _ in 0 }
        let there = [Float](repeating: 1, count: one.weights.count)
        let gradient = zip(one.weightGradient(adding: there), there).map { Double($0) - Double($1) }
        var random = TestRandom(seed: UInt64(draw))
        one.weights = random.floats(one.weights.count)
        let loss = zip(one.expected(adds: false, relu: false), one.before).reduce(0) {
            $0 + $1.0 * Double($1.1)
        }
        let expected = zip(gradient, one.weights).reduce(0) { $0 + $1.0 * Double($1.1) }
        let size = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(loss - expected) < 1e-5 * size * Double(gradient.count).squareRoot())
    }

    @Test(arguments: allShapes, [2, 3, 7] as [Int32])
    func theNumberOfThreadsIsNotSeenInGradients(shape: mixtape_tiles, threads: Int32) {
        let one = Case(shape, seed: 7)
        let none = [Float](repeating: 0, count: one.weights.count)
        #expect(one.weightGradient(adding: none, threads: threads) == one.weightGradient(adding: none))
    }

    /// Each array once before a page that may not be touched, and once behind one: a tile that reaches out of it would end the
    /// test.
    @Test(arguments: allShapes, [false, true]) func nothingBesideTheArraysIsTouched(
        shape: mixtape_tiles, atEnd: Bool
    ) {
        let one = Case(shape, seed: 8)
        func fenced(_ values: [UInt16]) -> FencedArray {
            let array = FencedArray(byteCount: 2 * values.count, atEnd: atEnd)
            array.base.copyMemory(from: values, byteCount: 2 * values.count)
            return array
        }
        let (source, result) = (fenced(bits(one.source)), fenced(bits(one.before)))
        var weights = one.weights
        withUnsafePointer(to: shape) { shape in
            let prepared = FencedArray(byteCount: mixtape_tiles_weight_size(shape), atEnd: atEnd)
            let scratch = FencedArray(byteCount: mixtape_tiles_scratch_size(shape), atEnd: atEnd)
            let back = FencedArray(byteCount: mixtape_tiles_gradient_scratch_size(shape), atEnd: atEnd)
            mixtape_tiles_prepare(shape, one.weights, false, prepared.values, 2)
            mixtape_tiles_add_weight_gradient(
                shape, source.values, result.values, &weights, back.base, 2)
            mixtape_tiles_run(
                shape, source.values, prepared.values, one.bias, result.values, true, false, scratch.base, 2)
        }
        let found = Array(UnsafeBufferPointer(start: result.values, count: one.before.count))
        #expect(floats(found) == one.run(adds: true))
        #expect(weights == one.weightGradient(adding: one.weights))
    }

    @Test func notANumberStaysOne() {
        var one = Case(shapes[2], seed: 5)
        one.source[9] = .nan
        #expect(one.run(relu: true).contains { $0.isNaN })
    }

    @Test func formsWithoutKernelsAreRefused() {
        let forms = [
            tiles(1, 16, 32, (1, 4, 4), (1, 3, 3)), tiles(1, 32, 48, (1, 4, 4), (1, 3, 3)),
            tiles(1, 3, 32, (1, 20, 20), (1, 3, 9)), tiles(1, 32, 32, (1, 4, 4), (1, 2, 2)),
            tiles(1, 3, 32, (1, 4, 5000), (1, 3, 3)),
        ]
        for shape in forms {
            #expect(!withUnsafePointer(to: shape) { mixtape_tiles_support($0) })
        }
    }

    /// What the other tests of networks hold to the definition is this code, on processors for which it is meant.
    @Test func programsUseThem() throws {
        let one = Extent3D(1, 1, 1)
        let architecture = ResidualArchitecture(
            stem: [.init(channels: 32, kernel: Extent3D(1, 7, 7), stride: one, padding: Extent3D(0, 3, 3))],
            pool: nil, stages: [.init(blocks: 1, channels: 32, kernel: Extent3D(3, 3, 3), stride: one)])
        for precision in Precision.supported {
            let program = try InferenceProgram(
                NaiveNetwork(architecture, seed: 6).network(), inputExtent: Extent3D(4, 8, 8),
                precision: precision)
            let convolutions = program.kernels.filter { $0.hasPrefix("convolution") }
            #expect(convolutions.count == 3)
            #expect(
                convolutions.allSatisfy { $0.hasSuffix("tiles:amx_bf16") } == (precision == .bfloat16))
        }
    }
}
