import NeuralNetwork
import Tensors

/// A small generator (SplitMix64, Steele et al. 2014) for test data.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
    mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in Float.random(in: range, using: &self) }
    }
    mutating func tensor(_ shape: [Int], _ range: ClosedRange<Float> = -1...1) -> Tensor {
        Tensor(shape: shape, values: floats(shape.reduce(1, *), range))
    }
}

/// One clip's activation in double: (channels, t, h, w).
struct Volume {
    var channels: Int
    var extent: Extent3D
    var values: [Double]

    init(channels: Int, extent: Extent3D, values: [Double]? = nil) {
        self.channels = channels
        self.extent = extent
        self.values = values ?? [Double](repeating: 0, count: channels * extent.product)
    }

    func index(_ c: Int, _ t: Int, _ h: Int, _ w: Int) -> Int {
        ((c * extent.time + t) * extent.height + h) * extent.width + w
    }

    /// The value, or `outside` beyond the borders.
    func at(_ c: Int, _ t: Int, _ h: Int, _ w: Int, outside: Double) -> Double {
        guard (0..<extent.time).contains(t), (0..<extent.height).contains(h), (0..<extent.width).contains(w)
        else { return outside }
        return values[index(c, t, h, w)]
    }
}

/// The oracle: seven nested loops in double, straight from the definitions.
enum Naive {
    static func convolution(_ input: Volume, _ weights: Tensor, _ shape: ConvolutionShape) -> Volume {
        var output = Volume(channels: shape.outputChannels, extent: shape.outputExtent(input.extent))
        let w = weights.values.map(Double.init)
        let (k, s, p) = (shape.kernel, shape.stride, shape.padding)
        for o in 0..<shape.outputChannels {
            for t in 0..<output.extent.time {
                for y in 0..<output.extent.height {
                    for x in 0..<output.extent.width {
                        var sum = 0.0
                        for i in 0..<shape.inputChannels {
                            for a in 0..<k.time {
                                for b in 0..<k.height {
                                    for c in 0..<k.width {
                                        let weight = w[
                                            (((o * shape.inputChannels + i) * k.time + a) * k.height + b)
                                                * k.width
                                                + c]
                                        sum +=
                                            weight
                                            * input.at(
                                                i, t * s.time + a - p.time, y * s.height + b - p.height,
                                                x * s.width + c - p.width, outside: 0)
                                    }
                                }
                            }
                        }
                        output.values[output.index(o, t, y, x)] = sum
                    }
                }
            }
        }
        return output
    }

    static func batchNorm(_ input: Volume, _ norm: BatchNormalization) -> Volume {
        var output = input
        let cells = input.extent.product
        let (g, b) = (norm.weight.values, norm.bias.values)
        let (m, v) = (norm.runningMean.values, norm.runningVariance.values)
        for c in 0..<input.channels {
            let scale = Double(g[c]) / (Double(v[c]) + 1e-5).squareRoot()
            for i in c * cells..<(c + 1) * cells {
                output.values[i] = (input.values[i] - Double(m[c])) * scale + Double(b[c])
            }
        }
        return output
    }

    static func relu(_ input: Volume) -> Volume {
        Volume(channels: input.channels, extent: input.extent, values: input.values.map { max($0, 0) })
    }

    static func sum(_ a: Volume, _ b: Volume) -> Volume {
        Volume(channels: a.channels, extent: a.extent, values: zip(a.values, b.values).map { $0 + $1 })
    }

    static func maxPool(_ input: Volume, _ shape: PoolingShape) -> Volume {
        var output = Volume(channels: input.channels, extent: shape.outputExtent(input.extent))
        let (k, s, p) = (shape.kernel, shape.stride, shape.padding)
        for c in 0..<input.channels {
            for t in 0..<output.extent.time {
                for y in 0..<output.extent.height {
                    for x in 0..<output.extent.width {
                        var best = -Double.infinity
                        for a in 0..<k.time {
                            for b in 0..<k.height {
                                for d in 0..<k.width {
                                    best = max(
                                        best,
                                        input.at(
                                            c, t * s.time + a - p.time, y * s.height + b - p.height,
                                            x * s.width + d - p.width, outside: -.infinity))
                                }
                            }
                        }
                        output.values[output.index(c, t, y, x)] = best
                    }
                }
            }
        }
        return output
    }

    static func globalAverage(_ input: Volume) -> [Double] {
        let cells = input.extent.product
        return (0..<input.channels).map { c in
            input.values[c * cells..<(c + 1) * cells].reduce(0, +) / Double(cells)
        }
    }
}

/// Random weights for an architecture, and its forward pass written out block by block.
struct NaiveNetwork {
    let architecture: ResidualArchitecture
    var convolutions: [String: Tensor] = [:]
    var norms: [String: BatchNormalization] = [:]

    init(_ architecture: ResidualArchitecture, seed: UInt64) {
        self.architecture = architecture
        var random = TestRandom(seed: seed)
        for unit in architecture.units {
            let fan = Float(unit.shape.inputChannels * unit.shape.kernel.product)
            let bound = (6 / fan).squareRoot()
            convolutions[unit.weightName] = random.tensor(unit.shape.weightShape, -bound...bound)
            let channels = [unit.shape.outputChannels]
            norms[unit.normName] = BatchNormalization(
                weight: random.tensor(channels, 0.5...1.5), bias: random.tensor(channels, -0.3...0.3),
                runningMean: random.tensor(channels, -0.3...0.3),
                runningVariance: random.tensor(channels, 0.5...2))
        }
    }

    func network() -> ResidualNetwork {
        ResidualNetwork(architecture: architecture) { unit in
            guard let convolution = convolutions[unit.weightName], let norm = norms[unit.normName] else {
                preconditionFailure("no weights for \(unit.weightName)")
            }
            return (convolution, norm)
        }
    }

    private func unit(
        _ input: Volume, _ weight: String, _ norm: String, channels: Int, kernel: Extent3D, stride: Extent3D,
        padding: Extent3D
    ) -> Volume {
        guard let convolution = convolutions[weight], let norm = norms[norm] else {
            preconditionFailure("no weights for \(weight)")
        }
        let shape = ConvolutionShape(
            inputChannels: input.channels, outputChannels: channels, kernel: kernel, stride: stride,
            padding: padding)
        return Naive.batchNorm(Naive.convolution(input, convolution, shape), norm)
    }

    func forward(_ input: Volume) -> [Double] {
        var x = input
        for (i, layer) in architecture.stem.enumerated() {
            x = Naive.relu(
                unit(
                    x, "backbone.stem.\(i).conv.weight", "backbone.stem.\(i).norm", channels: layer.channels,
                    kernel: layer.kernel, stride: layer.stride, padding: layer.padding))
        }
        if let pool = architecture.pool { x = Naive.maxPool(x, pool) }
        for (s, stage) in architecture.stages.enumerated() {
            for b in 0..<stage.blocks {
                let stride = b == 0 ? stage.stride : Extent3D(1, 1, 1)
                x = block(x, "backbone.stages.\(s).\(b)", stage, stride)
            }
        }
        return Naive.globalAverage(x)
    }

    private func block(
        _ x: Volume, _ name: String, _ stage: ResidualArchitecture.Stage, _ stride: Extent3D
    ) -> Volume {
        let k = stage.kernel
        let one = Extent3D(1, 1, 1)
        let middle =
            x.channels * stage.channels * k.product
            / (x.channels * k.height * k.width + k.time * stage.channels)
        func convolution(_ input: Volume, _ number: Int, _ stride: Extent3D) -> Volume {
            guard stage.isFactorised else {
                return unit(
                    input, "\(name).conv\(number).weight", "\(name).norm\(number)", channels: stage.channels,
                    kernel: k, stride: stride, padding: Extent3D(k.time / 2, k.height / 2, k.width / 2))
            }
            let spatial = unit(
                input, "\(name).conv\(number).spatial.weight", "\(name).conv\(number).norm", channels: middle,
                kernel: Extent3D(1, k.height, k.width), stride: Extent3D(1, stride.height, stride.width),
                padding: Extent3D(0, k.height / 2, k.width / 2))
            return unit(
                Naive.relu(spatial), "\(name).conv\(number).temporal.weight", "\(name).norm\(number)",
                channels: stage.channels, kernel: Extent3D(k.time, 1, 1), stride: Extent3D(stride.time, 1, 1),
                padding: Extent3D(k.time / 2, 0, 0))
        }
        let shortcut =
            stride == one && x.channels == stage.channels
            ? x
            : unit(
                x, "\(name).shortcut.conv.weight", "\(name).shortcut.norm", channels: stage.channels,
                kernel: one,
                stride: stride, padding: Extent3D(0, 0, 0))
        return Naive.relu(Naive.sum(convolution(Naive.relu(convolution(x, 1, stride)), 2, one), shortcut))
    }
}
