import NeuralNetwork
import Tensors

/// A batch of activations in double (N,C,t,h,w) on a tape of operations, with its gradient.
final class NaiveValue {
    var clips: [Volume]
    var gradient: [Volume]

    init(_ clips: [Volume]) {
        self.clips = clips
        gradient = clips.map { Volume(channels: $0.channels, extent: $0.extent) }
    }
}

/// Backward written out from the definitions, one loop an index; operations are undone in reverse order.
final class NaiveTape {
    var parameters: [String: [Double]] = [:]
    var gradients: [String: [Double]] = [:]
    /// By batch norm: the batch's mean and biased variance, and the number of values behind them.
    var statistics: [String: (mean: [Double], variance: [Double], count: Int)] = [:]
    private var undo: [() -> Void] = []

    func backward() {
        for step in undo.reversed() { step() }
    }

    func set(_ name: String, _ tensor: Tensor) {
        parameters[name] = tensor.values.map(Double.init)
        gradients[name] = [Double](repeating: 0, count: tensor.count)
    }

    func convolution(_ input: NaiveValue, _ name: String, _ shape: ConvolutionShape) -> NaiveValue {
        let weights = parameters[name]!
        let output = NaiveValue(
            input.clips.map { _ in
                Volume(channels: shape.outputChannels, extent: shape.outputExtent(input.clips[0].extent))
            })
        // Calls body(clip, output cell, input cell, weight) for each product of the sum.
        func products(_ body: (Int, Int, Int, Int) -> Void) {
            let (k, s, p) = (shape.kernel, shape.stride, shape.padding)
            let from = input.clips[0]
            let to = output.clips[0]
            for o in 0..<shape.outputChannels {
                for t in 0..<to.extent.time {
                    for y in 0..<to.extent.height {
                        for x in 0..<to.extent.width {
                            for i in 0..<shape.inputChannels {
                                for a in 0..<k.time {
                                    for b in 0..<k.height {
                                        for c in 0..<k.width {
                                            let (u, v, w) = (
                                                t * s.time + a - p.time, y * s.height + b - p.height,
                                                x * s.width + c - p.width
                                            )
                                            guard u >= 0, v >= 0, w >= 0, u < from.extent.time,
                                                v < from.extent.height, w < from.extent.width
                                            else { continue }
                                            let weight =
                                                (((o * shape.inputChannels + i) * k.time + a) * k.height + b)
                                                * k.width + c
                                            for n in input.clips.indices {
                                                body(n, to.index(o, t, y, x), from.index(i, u, v, w), weight)
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        products { n, out, inp, weight in
            output.clips[n].values[out] += weights[weight] * input.clips[n].values[inp]
        }
        undo.append { [self] in
            var dWeights = gradients[name]!
            products { n, out, inp, weight in
                let d = output.gradient[n].values[out]
                dWeights[weight] += d * input.clips[n].values[inp]
                input.gradient[n].values[inp] += d * weights[weight]
            }
            gradients[name] = dWeights
        }
        return output
    }

    func batchNorm(_ input: NaiveValue, _ name: String) -> NaiveValue {
        let (gamma, beta) = (parameters["\(name).weight"]!, parameters["\(name).bias"]!)
        let output = NaiveValue(input.clips)
        let cells = input.clips[0].extent.product
        let count = Double(cells * input.clips.count)
        var means: [Double] = []
        var variances: [Double] = []
        for c in gamma.indices {
            let range = c * cells..<(c + 1) * cells
            let mean = input.clips.reduce(0) { $0 + $1.values[range].reduce(0, +) } / count
            var squares = 0.0
            for clip in input.clips {
                for value in clip.values[range] { squares += (value - mean) * (value - mean) }
            }
            let variance = squares / count
            means.append(mean)
            variances.append(variance)
            for n in input.clips.indices {
                for i in range {
                    output.clips[n].values[i] =
                        (input.clips[n].values[i] - mean) / (variance + 1e-5).squareRoot() * gamma[c]
                        + beta[c]
                }
            }
        }
        statistics[name] = (means, variances, Int(count))
        undo.append { [self] in
            for c in gamma.indices {
                let inverse = 1 / (variances[c] + 1e-5).squareRoot()
                var sum = 0.0
                var products = 0.0
                for n in input.clips.indices {
                    for i in c * cells..<(c + 1) * cells {
                        sum += output.gradient[n].values[i]
                        products +=
                            output.gradient[n].values[i] * (input.clips[n].values[i] - means[c]) * inverse
                    }
                }
                gradients["\(name).bias"]![c] += sum
                gradients["\(name).weight"]![c] += products
                for n in input.clips.indices {
                    for i in c * cells..<(c + 1) * cells {
                        let normal = (input.clips[n].values[i] - means[c]) * inverse
                        input.gradient[n].values[i] +=
                            gamma[c] * inverse
                            * (output.gradient[n].values[i] - sum / count - normal * products / count)
                    }
                }
            }
        }
        return output
    }

    func relu(_ input: NaiveValue) -> NaiveValue {
        let output = NaiveValue(input.clips.map(Naive.relu))
        undo.append {
            for n in input.clips.indices {
                for i in input.clips[n].values.indices where input.clips[n].values[i] > 0 {
                    input.gradient[n].values[i] += output.gradient[n].values[i]
                }
            }
        }
        return output
    }

    func sum(_ a: NaiveValue, _ b: NaiveValue) -> NaiveValue {
        let output = NaiveValue(zip(a.clips, b.clips).map(Naive.sum))
        undo.append {
            for n in a.clips.indices {
                a.gradient[n] = Naive.sum(a.gradient[n], output.gradient[n])
                b.gradient[n] = Naive.sum(b.gradient[n], output.gradient[n])
            }
        }
        return output
    }

    func maxPool(_ input: NaiveValue, _ shape: PoolingShape) -> NaiveValue {
        let output = NaiveValue(input.clips.map { Naive.maxPool($0, shape) })
        undo.append {
            let to = output.clips[0]
            let from = input.clips[0]
            let (k, s, p) = (shape.kernel, shape.stride, shape.padding)
            for n in input.clips.indices {
                for c in 0..<to.channels {
                    for t in 0..<to.extent.time {
                        for y in 0..<to.extent.height {
                            for x in 0..<to.extent.width {
                                let out = to.index(c, t, y, x)
                                var winner: Int?
                                for a in 0..<k.time {
                                    for b in 0..<k.height {
                                        for d in 0..<k.width {
                                            let (u, v, w) = (
                                                t * s.time + a - p.time, y * s.height + b - p.height,
                                                x * s.width + d - p.width
                                            )
                                            let value = input.clips[n].at(c, u, v, w, outside: -.infinity)
                                            if winner == nil, value == output.clips[n].values[out] {
                                                winner = from.index(c, u, v, w)
                                            }
                                        }
                                    }
                                }
                                input.gradient[n].values[winner!] += output.gradient[n].values[out]
                            }
                        }
                    }
                }
            }
        }
        return output
    }

    /// (N,C) from (N,C,t,h,w); `dOut` is read when the tape runs backward.
    func globalAverage(_ input: NaiveValue, dOut: [[Double]]) -> [[Double]] {
        let cells = input.clips[0].extent.product
        undo.append {
            for n in input.clips.indices {
                for i in input.clips[n].values.indices {
                    input.gradient[n].values[i] += dOut[n][i / cells] / Double(cells)
                }
            }
        }
        return input.clips.map(Naive.globalAverage)
    }
}

extension NaiveNetwork {
    /// Training mode: features (N,C), and for dOut (N,C) the gradient of every parameter.
    func train(_ clips: [Volume], dOut: [[Double]]) -> (
        features: [[Double]], tape: NaiveTape, input: NaiveValue
    ) {
        let result = record(clips, dOut: dOut)
        result.tape.backward()
        return result
    }

    /// The forward pass alone, and what backward needs; with one number of a parameter shifted, where wanted.
    func record(
        _ clips: [Volume], dOut: [[Double]], shifting: (name: String, index: Int, by: Double)? = nil
    ) -> (features: [[Double]], tape: NaiveTape, input: NaiveValue) {
        let tape = NaiveTape()
        for (name, tensor) in convolutions { tape.set(name, tensor) }
        for (name, norm) in norms {
            tape.set("\(name).weight", norm.weight)
            tape.set("\(name).bias", norm.bias)
        }
        if let shifting { tape.parameters[shifting.name]![shifting.index] += shifting.by }
        let input = NaiveValue(clips)
        var x = input
        func unit(
            _ x: NaiveValue, _ weight: String, _ norm: String, _ channels: Int, _ kernel: Extent3D,
            _ stride: Extent3D, _ padding: Extent3D
        ) -> NaiveValue {
            let shape = ConvolutionShape(
                inputChannels: x.clips[0].channels, outputChannels: channels, kernel: kernel, stride: stride,
                padding: padding)
            return tape.batchNorm(tape.convolution(x, weight, shape), norm)
        }
        for (i, layer) in architecture.stem.enumerated() {
            let name = "backbone.stem.\(i)"
            x = tape.relu(
                unit(
                    x, "\(name).conv.weight", "\(name).norm", layer.channels, layer.kernel, layer.stride,
                    layer.padding))
        }
        if let pool = architecture.pool { x = tape.maxPool(x, pool) }
        for (s, stage) in architecture.stages.enumerated() {
            for b in 0..<stage.blocks {
                let name = "backbone.stages.\(s).\(b)"
                let one = Extent3D(1, 1, 1)
                let stride = b == 0 ? stage.stride : one
                let (k, inputs) = (stage.kernel, x.clips[0].channels)
                let middle =
                    inputs * stage.channels * k.product
                    / (inputs * k.height * k.width + k.time * stage.channels)
                func convolution(_ x: NaiveValue, _ number: Int, _ stride: Extent3D) -> NaiveValue {
                    let (conv, norm) = ("\(name).conv\(number)", "\(name).norm\(number)")
                    guard stage.isFactorised else {
                        return unit(
                            x, "\(conv).weight", norm, stage.channels, k, stride,
                            Extent3D(k.time / 2, k.height / 2, k.width / 2))
                    }
                    let spatial = unit(
                        x, "\(conv).spatial.weight", "\(conv).norm", middle, Extent3D(1, k.height, k.width),
                        Extent3D(1, stride.height, stride.width), Extent3D(0, k.height / 2, k.width / 2))
                    return unit(
                        tape.relu(spatial), "\(conv).temporal.weight", norm, stage.channels,
                        Extent3D(k.time, 1, 1), Extent3D(stride.time, 1, 1), Extent3D(k.time / 2, 0, 0))
                }
                let shortcut =
                    stride == one && inputs == stage.channels
                    ? x
                    : unit(
                        x, "\(name).shortcut.conv.weight", "\(name).shortcut.norm", stage.channels, one,
                        stride,
                        Extent3D(0, 0, 0))
                let main = convolution(tape.relu(convolution(x, 1, stride)), 2, one)
                x = tape.relu(tape.sum(main, shortcut))
            }
        }
        let features = tape.globalAverage(x, dOut: dOut)
        return (features, tape, input)
    }
}
