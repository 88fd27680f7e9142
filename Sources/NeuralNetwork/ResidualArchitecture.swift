/// One family of residual 3D networks, described by data (He et al. 2016; Tran et al. 2018).
public struct ResidualArchitecture: Sendable, Hashable {
    /// A convolution of the stem; batch norm and ReLU follow.
    public struct StemConvolution: Sendable, Hashable {
        /// Channels of the output.
        public var channels: Int
        /// Taps in time, height and width.
        public var kernel: Extent3D
        /// Steps in time, height and width.
        public var stride: Extent3D
        /// Zeros on both sides.
        public var padding: Extent3D

        /// A convolution of the stem.
        public init(channels: Int, kernel: Extent3D, stride: Extent3D, padding: Extent3D) {
            self.channels = channels
            self.kernel = kernel
            self.stride = stride
            self.padding = padding
        }
    }

    /// A row of basic blocks of one width; the stride is the first block's. Padding is half the kernel.
    public struct Stage: Sendable, Hashable {
        /// Basic blocks, two convolutions (or pairs of them) each.
        public var blocks: Int
        /// Channels of the output.
        public var channels: Int
        /// Taps in time, height and width.
        public var kernel: Extent3D
        /// Steps in time, height and width.
        public var stride: Extent3D
        /// 1×k×k then k×1×1 convolutions in place of k×k×k, as r2plus1d_18.
        public var isFactorised: Bool

        /// A stage, or a whole network.
        public init(
            blocks: Int, channels: Int, kernel: Extent3D, stride: Extent3D, isFactorised: Bool = false
        ) {
            self.blocks = blocks
            self.channels = channels
            self.kernel = kernel
            self.stride = stride
            self.isFactorised = isFactorised
        }
    }

    /// Red, green, blue.
    public static let inputChannels = 3
    /// In order; at least one.
    public var stem: [StemConvolution]
    /// Max pooling behind the stem, if any.
    public var pool: PoolingShape?
    /// In order.
    public var stages: [Stage]

    /// A network of these parts.
    public init(stem: [StemConvolution], pool: PoolingShape?, stages: [Stage]) {
        self.stem = stem
        self.pool = pool
        self.stages = stages
    }

    /// C, the width of the feature after global average pooling.
    public var featureChannels: Int { stages.last?.channels ?? stem.last?.channels ?? Self.inputChannels }
}

/// A convolution with the batch norm behind it: the unit that holds weights.
public struct ConvolutionUnit: Sendable, Hashable {
    /// The weight's name in the file, such as "backbone.stages.0.1.conv2.weight".
    public var weightName: String
    /// The batch norm's name without the last part, such as "backbone.stages.0.1.norm2".
    public var normName: String
    /// Of the convolution.
    public var shape: ConvolutionShape
}

/// The network as a list of steps on numbered values; value 0 is the input. All that runs the network walks it.
package struct NetworkStep: Sendable {
    package enum Operation: Sendable {
        /// By index into the units; with `accumulator` the convolution adds to that value and takes its place.
        case convolution(unit: Int, relu: Bool, accumulator: Int?)
        case maxPooling(PoolingShape)
    }
    package var operation: Operation
    package var input: Int
    package var output: Int
}

extension ResidualArchitecture {
    /// All units in the order of execution.
    public var units: [ConvolutionUnit] { graph().units }

    /// The channels and extent of every value for an input of that extent; nil where a layer's input is too small.
    package func valueShapes(input: Extent3D) -> [(channels: Int, extent: Extent3D)]? {
        let (units, steps) = graph()
        var shapes = [(channels: Self.inputChannels, extent: input)]
        for step in steps {
            let source = shapes[step.input]
            let shape: (channels: Int, extent: Extent3D)
            switch step.operation {
            case .convolution(let unit, _, _):
                shape = (units[unit].shape.outputChannels, units[unit].shape.outputExtent(source.extent))
            case .maxPooling(let pool): shape = (source.channels, pool.outputExtent(source.extent))
            }
            guard shape.extent.values.allSatisfy({ $0 > 0 }) else { return nil }
            precondition(step.output == shapes.count)
            shapes.append(shape)
        }
        return shapes
    }

    /// The network's weight-holding units and its steps.
    package func graph() -> (units: [ConvolutionUnit], steps: [NetworkStep]) {
        var builder = GraphBuilder()
        for (index, layer) in stem.enumerated() {
            let name = "backbone.stem.\(index)"
            builder.convolve(
                weight: "\(name).conv.weight", norm: "\(name).norm", channels: layer.channels,
                kernel: layer.kernel, stride: layer.stride, padding: layer.padding, relu: true)
        }
        if let pool { builder.pool(pool) }
        for (index, stage) in stages.enumerated() {
            for block in 0..<stage.blocks {
                builder.block(
                    "backbone.stages.\(index).\(block)", stage,
                    stride: block == 0 ? stage.stride : Extent3D(1, 1, 1))
            }
        }
        return (builder.units, builder.steps)
    }
}

private struct GraphBuilder {
    var units: [ConvolutionUnit] = []
    var steps: [NetworkStep] = []
    var value = 0
    var channels = ResidualArchitecture.inputChannels
    private var valueCount = 1

    /// Appends a convolution of `value` and makes its output the current value.
    mutating func convolve(
        weight: String, norm: String, channels outputs: Int, kernel: Extent3D, stride: Extent3D,
        padding: Extent3D, relu: Bool, accumulator: Int? = nil
    ) {
        units.append(
            ConvolutionUnit(
                weightName: weight, normName: norm,
                shape: ConvolutionShape(
                    inputChannels: channels, outputChannels: outputs, kernel: kernel, stride: stride,
                    padding: padding)))
        append(.convolution(unit: units.count - 1, relu: relu, accumulator: accumulator))
        channels = outputs
    }

    mutating func pool(_ shape: PoolingShape) { append(.maxPooling(shape)) }

    private mutating func append(_ operation: NetworkStep.Operation) {
        steps.append(NetworkStep(operation: operation, input: value, output: valueCount))
        value = valueCount
        valueCount += 1
    }

    /// A basic block: conv1, ReLU, conv2, + shortcut, ReLU.
    mutating func block(_ name: String, _ stage: ResidualArchitecture.Stage, stride: Extent3D) {
        let input = value
        let inputs = channels
        // Of the block's own widths, once for both convolutions, as torchvision's r2plus1d_18.
        let cube = stage.kernel.product
        let square = stage.kernel.height * stage.kernel.width
        let middle = inputs * stage.channels * cube / (inputs * square + stage.kernel.time * stage.channels)
        var shortcut = input
        if stride != Extent3D(1, 1, 1) || inputs != stage.channels {
            convolve(
                weight: "\(name).shortcut.conv.weight", norm: "\(name).shortcut.norm",
                channels: stage.channels, kernel: Extent3D(1, 1, 1), stride: stride,
                padding: Extent3D(0, 0, 0),
                relu: false)
            shortcut = value
            value = input
            channels = inputs
        }
        for (number, stride) in [(1, stride), (2, Extent3D(1, 1, 1))] {
            let accumulator = number == 2 ? shortcut : nil
            let kernel = stage.kernel
            if stage.isFactorised {
                convolve(
                    weight: "\(name).conv\(number).spatial.weight", norm: "\(name).conv\(number).norm",
                    channels: middle, kernel: Extent3D(1, kernel.height, kernel.width),
                    stride: Extent3D(1, stride.height, stride.width),
                    padding: Extent3D(0, kernel.height / 2, kernel.width / 2), relu: true)
                convolve(
                    weight: "\(name).conv\(number).temporal.weight", norm: "\(name).norm\(number)",
                    channels: stage.channels, kernel: Extent3D(kernel.time, 1, 1),
                    stride: Extent3D(stride.time, 1, 1), padding: Extent3D(kernel.time / 2, 0, 0), relu: true,
                    accumulator: accumulator)
            } else {
                convolve(
                    weight: "\(name).conv\(number).weight", norm: "\(name).norm\(number)",
                    channels: stage.channels, kernel: kernel, stride: stride,
                    padding: Extent3D(kernel.time / 2, kernel.height / 2, kernel.width / 2), relu: true,
                    accumulator: accumulator)
            }
        }
    }
}
