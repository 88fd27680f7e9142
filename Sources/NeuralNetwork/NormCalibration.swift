import Tensors

/// Sets an untrained network's batch norms from data, so that every layer sees zero mean and unit variance
/// (Mishkin and Matas 2016 do so to weights). Without it, each random layer shifts and scales its input, and far into
/// the network all inputs look alike.
package enum NormCalibration {
    /// Runs the clips (3,T,H,W) through the network layer by layer; each batch norm gets the mean and variance of
    /// what all the clips bring to it. The result is by unit, in the order of the architecture.
    package static func run(
        _ architecture: ResidualArchitecture, convolutions: [Tensor], clips: [Tensor], threads: Int,
        progress: (Double) -> Void = { _ in }
    ) throws(NetworkError) -> [BatchNormalization] {
        let (units, steps) = architecture.graph()
        precondition(!clips.isEmpty && convolutions.count == units.count)
        var lastUse: [Int: Int] = [:]
        for (index, step) in steps.enumerated() {
            lastUse[step.input] = index
            if case .convolution(_, _, let accumulator?) = step.operation { lastUse[accumulator] = index }
        }
        var norms = units.map { BatchNormalization(channels: $0.shape.outputChannels) }
        var values: [[Tensor]] = [clips]
        for (index, step) in steps.enumerated() {
            switch step.operation {
            case .maxPooling(let pool):
                values.append(values[step.input].map { MaxPooling3D.forwardPlain($0, pool) })
            case .convolution(let unit, let relu, let accumulator):
                let extent = values[step.input][0].shape
                let convolution = try PlainConvolution(
                    units[unit].shape, weights: convolutions[unit],
                    extent: Extent3D(extent[1], extent[2], extent[3]), threads: threads)
                var outputs: [Tensor] = []
                for clip in values[step.input] { outputs.append(try convolution.forward(clip)) }
                let channels = units[unit].shape.outputChannels
                let (mean, variance) = BatchNormalization.statistics(of: outputs, channels: channels)
                norms[unit].runningMean = Tensor(shape: [channels], values: mean)
                norms[unit].runningVariance = Tensor(shape: [channels], values: variance)
                for clip in outputs.indices {
                    norms[unit].apply(
                        to: &outputs[clip], adding: accumulator.map { values[$0][clip] }, relu: relu)
                }
                values.append(outputs)
            }
            for value in values.indices where lastUse[value] == index { values[value] = [] }
            progress(Double(index + 1) / Double(steps.count))
        }
        return norms
    }
}

extension BatchNormalization {
    /// x (C,…) ← [ReLU](normalised x [+ other]).
    package func apply(to x: inout Tensor, adding other: Tensor?, relu: Bool) {
        let cells = x.count / max(channels, 1)
        let (gamma, beta, mean, variance) = (
            weight.values, bias.values, runningMean.values, runningVariance.values
        )
        let count = x.count
        func body(_ values: UnsafeMutableBufferPointer<Float>, _ addend: UnsafeBufferPointer<Float>?) {
            for channel in 0..<channels {
                let scale = Float(
                    Double(gamma[channel]) / (Double(variance[channel]) + Self.epsilon).squareRoot())
                let shift = beta[channel] - mean[channel] * scale
                for index in channel * cells..<(channel + 1) * cells {
                    let value = values[index] * scale + shift + (addend?[index] ?? 0)
                    values[index] = relu ? max(value, 0) : value
                }
            }
        }
        x.withUnsafeMutableValues { values in
            guard let other else { return body(values, nil) }
            precondition(other.count == count)
            other.withUnsafeValues { body(values, $0) }
        }
    }
}

extension MaxPooling3D {
    /// out (C,t',h',w') = maximum of inp (C,t,h,w) under the kernel; plain loops.
    static func forwardPlain(_ inp: Tensor, _ shape: PoolingShape) -> Tensor {
        let channels = inp.shape[0]
        let input = Extent3D(inp.shape[1], inp.shape[2], inp.shape[3])
        let output = shape.outputExtent(input)
        func window(_ position: Int, _ k: Int, _ s: Int, _ p: Int, _ n: Int) -> Range<Int> {
            max(0, position * s - p)..<min(n, position * s - p + k)
        }
        return Tensor(shape: [channels] + output.values) { (out: UnsafeMutableBufferPointer<Float>) in
            inp.withUnsafeValues { values in
                var index = 0
                for channel in 0..<channels {
                    for t in 0..<output.time {
                        let times = window(
                            t, shape.kernel.time, shape.stride.time, shape.padding.time, input.time)
                        for y in 0..<output.height {
                            let rows = window(
                                y, shape.kernel.height, shape.stride.height, shape.padding.height,
                                input.height)
                            for x in 0..<output.width {
                                let columns = window(
                                    x, shape.kernel.width, shape.stride.width, shape.padding.width,
                                    input.width)
                                var best = -Float.infinity
                                for a in times {
                                    for b in rows {
                                        let row =
                                            ((channel * input.time + a) * input.height + b) * input.width
                                        for c in columns { best = max(best, values[row + c]) }
                                    }
                                }
                                out[index] = best
                                index += 1
                            }
                        }
                    }
                }
            }
        }
    }
}
