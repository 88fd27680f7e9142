import Base
import Dispatch
import NeuralNetwork
import Synchronization
import Testing

/// Runs the program on the clips (C,T,H,W each) and returns a feature vector a clip.
func features(
    _ network: ResidualNetwork, _ clips: [Volume], batch: Int, threads: Int, precision: Precision
) throws -> [[Float]] {
    let program = try InferenceProgram(
        network, inputExtent: clips[0].extent, batch: batch, threads: threads, precision: precision)
    var result: [[Float]] = []
    for start in stride(from: 0, to: clips.count, by: batch) {
        let values = clips[start..<start + batch].flatMap { $0.values.map(Float.init) }
        if precision.resolved == .bfloat16 {
            let input = program.inputBytes.assumingMemoryBound(to: UInt16.self)
            for (i, value) in values.enumerated() { input[i] = HalfPrecision.bfloat16(from: value) }
        } else {
            let input = program.inputBytes.assumingMemoryBound(to: Float.self)
            for (i, value) in values.enumerated() { input[i] = value }
        }
        let out = try program.run()
        for clip in 0..<batch {
            result.append(Array(out[clip * program.featureChannels..<(clip + 1) * program.featureChannels]))
        }
    }
    return result
}

func randomClips(_ count: Int, _ extent: Extent3D, seed: UInt64) -> [Volume] {
    var random = TestRandom(seed: seed)
    return (0..<count).map { _ in
        // Exact in bfloat16, so that the input's own rounding is no part of the comparison.
        Volume(
            channels: 3, extent: extent,
            values: random.floats(3 * extent.product).map {
                Double(HalfPrecision.float32(fromBFloat16: HalfPrecision.bfloat16(from: $0)))
            })
    }
}

/// |a − b| over the largest |b|.
func relativeError(_ a: [Float], _ b: [Double]) -> Double {
    let scale = b.map(abs).max() ?? 1
    return zip(a, b).map { abs(Double($0) - $1) }.max()! / max(scale, 1e-30)
}

func cosine(_ a: [Float], _ b: [Double]) -> Double {
    let dot = zip(a, b).reduce(0) { $0 + Double($1.0) * $1.1 }
    let na = a.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let nb = b.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return dot / (na * nb)
}

struct Family: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var architecture: ResidualArchitecture
    var extent: Extent3D
}

/// Layers as wide as AMX's tiles.
let wideFamily = Family(
    testDescription: "wide",
    architecture: ResidualArchitecture(
        stem: [
            .init(
                channels: 32, kernel: Extent3D(1, 7, 7), stride: Extent3D(1, 2, 2),
                padding: Extent3D(0, 3, 3))
        ],
        pool: PoolingShape(
            kernel: Extent3D(1, 3, 3), stride: Extent3D(1, 2, 2), padding: Extent3D(0, 1, 1)),
        stages: [
            .init(blocks: 1, channels: 32, kernel: Extent3D(1, 3, 3), stride: Extent3D(1, 1, 1)),
            .init(blocks: 1, channels: 64, kernel: Extent3D(3, 3, 3), stride: Extent3D(1, 2, 2)),
            .init(blocks: 1, channels: 64, kernel: Extent3D(3, 3, 3), stride: Extent3D(2, 2, 2)),
        ]), extent: Extent3D(4, 34, 30))

/// A wide layer behind one of so few channels that tiles read them planar.
let narrowFamily = Family(
    testDescription: "narrow",
    architecture: ResidualArchitecture(
        stem: [
            .init(
                channels: 4, kernel: Extent3D(1, 3, 3), stride: Extent3D(1, 2, 2),
                padding: Extent3D(0, 1, 1))
        ],
        pool: nil,
        stages: [.init(blocks: 2, channels: 32, kernel: Extent3D(3, 3, 3), stride: Extent3D(1, 2, 2))]),
    extent: Extent3D(4, 17, 15))

/// Each family with tiny widths, some no multiple of a vector register.
let families: [Family] = {
    typealias Stage = ResidualArchitecture.Stage
    let one = Extent3D(1, 1, 1)
    let half = Extent3D(1, 2, 2)
    let cube = Extent3D(3, 3, 3)
    let square = Extent3D(1, 3, 3)
    func stem(_ channels: Int, _ time: Int) -> ResidualArchitecture.StemConvolution {
        .init(
            channels: channels, kernel: Extent3D(time, 7, 7), stride: half, padding: Extent3D(time / 2, 3, 3))
    }
    return [
        Family(
            testDescription: "slowonly",
            architecture: ResidualArchitecture(
                stem: [stem(8, 1)],
                pool: PoolingShape(kernel: square, stride: half, padding: Extent3D(0, 1, 1)),
                stages: [
                    Stage(blocks: 2, channels: 8, kernel: square, stride: one),
                    Stage(blocks: 1, channels: 16, kernel: square, stride: half),
                    Stage(blocks: 2, channels: 32, kernel: cube, stride: half),
                ]), extent: Extent3D(3, 26, 30)),
        Family(
            testDescription: "r3d",
            architecture: ResidualArchitecture(
                stem: [stem(5, 3)], pool: nil,
                stages: [
                    Stage(blocks: 1, channels: 5, kernel: cube, stride: one),
                    Stage(blocks: 2, channels: 12, kernel: cube, stride: Extent3D(2, 2, 2)),
                ]), extent: Extent3D(5, 17, 15)),
        Family(
            testDescription: "mc3",
            architecture: ResidualArchitecture(
                stem: [stem(16, 3)], pool: nil,
                stages: [
                    Stage(blocks: 1, channels: 16, kernel: cube, stride: one),
                    Stage(blocks: 2, channels: 20, kernel: square, stride: half),
                ]), extent: Extent3D(4, 16, 16)),
        Family(
            testDescription: "r2plus1d",
            architecture: ResidualArchitecture(
                stem: [
                    stem(9, 1),
                    .init(channels: 8, kernel: Extent3D(3, 1, 1), stride: one, padding: Extent3D(1, 0, 0)),
                ], pool: nil,
                stages: [
                    Stage(blocks: 2, channels: 8, kernel: cube, stride: one, isFactorised: true),
                    Stage(
                        blocks: 1, channels: 16, kernel: cube, stride: Extent3D(2, 2, 2), isFactorised: true),
                ]), extent: Extent3D(5, 16, 18)),
    ]
}()

@Suite struct NetworkTests {
    /// float32: about 1e-7 a product, a few thousand products a sum, averaged over many cells.
    @Test(arguments: families) func float32EqualsTheNaiveNetwork(family: Family) throws {
        let naive = NaiveNetwork(family.architecture, seed: 1)
        let clips = randomClips(2, family.extent, seed: 2)
        let fast = try features(naive.network(), clips, batch: 1, threads: 1, precision: .float32)
        for (clip, feature) in zip(clips, fast) {
            #expect(relativeError(feature, naive.forward(clip)) < 2e-5)
        }
    }

    /// bfloat16 keeps 8 bits: 0.4 % a value, which averages out over the cells.
    @Test(.enabled(if: ComputeEngine.hasNativeBFloat16), arguments: families + [wideFamily, narrowFamily])
    func bfloat16IsNearTheNaiveNetwork(family: Family) throws {
        let naive = NaiveNetwork(family.architecture, seed: 3)
        let clips = randomClips(2, family.extent, seed: 4)
        let fast = try features(naive.network(), clips, batch: 1, threads: 1, precision: .bfloat16)
        for (clip, feature) in zip(clips, fast) {
            let expected = naive.forward(clip)
            #expect(relativeError(feature, expected) < 2e-2)
            #expect(cosine(feature, expected) > 0.999)
        }
    }

    @Test(arguments: families, Precision.supported)
    func batchesEqualSingleClipsWithinRounding(family: Family, precision: Precision) throws {
        let network = NaiveNetwork(family.architecture, seed: 5).network()
        let clips = randomClips(4, family.extent, seed: 6)
        let single = try features(network, clips, batch: 1, threads: 1, precision: precision)
        let batched = try features(network, clips, batch: 4, threads: 2, precision: precision)
        for (a, b) in zip(single, batched) {
            #expect(relativeError(b, a.map(Double.init)) < (precision == .float32 ? 1e-5 : 1e-2))
        }
    }

    /// oneDNN 2.6 now and then makes a wrong kernel for odd channel counts where two threads make them at once.
    @Test func programsMadeSideBySideAreRight() throws {
        struct Case: Sendable {
            var family: Family
            var precision: Precision
            var clip: Volume
            var features: [Float] = []
        }
        // Another extent each, so that no kernel comes from oneDNN's cache.
        let cases = (14..<46).flatMap { width in
            families.filter { $0.testDescription.hasPrefix("r") }.flatMap { family in
                Precision.supported.map {
                    Case(
                        family: family, precision: $0,
                        clip: randomClips(1, Extent3D(2, 8, width), seed: UInt64(width))[0])
                }
            }
        }
        let results = Mutex(cases)
        DispatchQueue.concurrentPerform(iterations: cases.count) { index in
            let one = cases[index]
            let network = NaiveNetwork(one.family.architecture, seed: 10).network()
            let made = try? features(network, [one.clip], batch: 1, threads: 1, precision: one.precision)
            results.withLock { $0[index].features = made?.first ?? [] }
        }
        for result in results.withLock({ $0 }) {
            let expected = NaiveNetwork(result.family.architecture, seed: 10).forward(result.clip)
            #expect(result.features.count == expected.count)
            #expect(
                relativeError(result.features, expected) < (result.precision == .float32 ? 2e-5 : 2e-2),
                "\(result.family) \(result.precision) \(result.clip.extent)")
        }
    }

    @Test func repeatedRunsAreBitIdentical() throws {
        let family = families[0]
        let network = NaiveNetwork(family.architecture, seed: 7).network()
        let clips = randomClips(3, family.extent, seed: 8)
        let first = try features(network, clips, batch: 1, threads: 1, precision: .automatic)
        let again = try features(
            network, clips + clips.reversed(), batch: 1, threads: 1, precision: .automatic)
        #expect(again == first + first.reversed())
    }

    @Test func anInputTooSmallIsAnError() {
        let family = families[0]
        let network = NaiveNetwork(family.architecture, seed: 9).network()
        var shape = family.architecture
        shape.stem[0].padding = Extent3D(0, 0, 0)
        let narrow = NaiveNetwork(shape, seed: 9).network()
        #expect(throws: NetworkError.self) {
            _ = try InferenceProgram(narrow, inputExtent: Extent3D(1, 4, 4), precision: .float32)
        }
        #expect(throws: Never.self) {
            _ = try InferenceProgram(network, inputExtent: Extent3D(1, 4, 4), precision: .float32)
        }
    }
}
