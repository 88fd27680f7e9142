internal import COneDNN

/// The steps of forward and backward for one batch size, with the place of every array; nothing is allocated yet.
///
/// Activations lie in blocks of channels, or channels-last, from the first convolution to the last, kept from where forward
/// makes them to where backward last reads them. Weights are brought into their kernels' layouts right before these run.
struct TrainingPlan {
    /// An array that a step reads or writes.
    enum Operand {
        case arena(Int)
        case parameter(String)
        case gradient(String)
    }

    struct Argument {
        var number: Int32
        var operand: Operand
        var description: MemoryDescription
    }

    struct Value {
        var description: MemoryDescription
        var block: Int
    }

    struct Norm {
        var name: String
        var channels: Int
        var shape: mt_blocked_shape
        var relu: Bool
        var x: Int
        var y: Int
        var addend: Int?
        /// Arena block of mean and 1/√(variance + ε).
        var saved: Int
    }

    enum Step {
        case primitive(PrimitiveDescription, [Argument], scratch: Int?)
        /// A convolution by the weights of that name, or backward to its input; blocks for its prepared weights and scratch.
        case own(
            any OwnConvolution, String, isBackward: Bool, source: Int, into: Int, weights: Int,
            scratch: Int)
        /// The gradient by the weights of that name.
        case ownGradient(any OwnConvolution, String, source: Int, gradient: Int, scratch: Int)
        case normForward(Int)
        case normBackward(Int, gradients: [Int], masked: Int?, into: Int)
        /// The first becomes the sum of both.
        case add(Int, Int, shape: mt_blocked_shape)
    }

    let engine: ComputeEngine
    let architecture: ResidualArchitecture
    let batch: Int
    let threads: Int
    let type: dnnl_data_type_t
    let inputExtent: Extent3D
    /// Whether weight gradients may be computed by forward kernels where these are faster.
    let usesForwardKernels: Bool
    /// Whether all convolutions are those of tiles, whose arrays are channels-last.
    let usesTiles: Bool
    var arena = ArenaPlan()
    private(set) var values: [Value] = []
    var norms: [Norm] = []
    private(set) var forward: [Step] = []
    private(set) var backward: [Step] = []
    /// The input, planar, in the network's number format; the last activation and its gradient, planar float32.
    private(set) var input = 0
    private(set) var output = 0
    private(set) var outputGradient = 0
    private(set) var outputCells = 0
    private(set) var coefficients = 0
    private(set) var sums = 0
    private(set) var byteCount = 0

    private var isBackward = false
    var time: Int { forward.count + backward.count }

    /// What backward needs to know of a convolution.
    struct Unit {
        var plan: Convolution3D.Plan
        var source: Int
        var norm: Int
    }
    struct Pooling {
        var plan: MaxPooling3D.TrainingPlan
        var workspace: Int
    }
    var units: [Int: Unit] = [:]
    var poolings: [Int: Pooling] = [:]

    init(
        _ architecture: ResidualArchitecture, inputExtent: Extent3D, batch: Int, threads: Int,
        precision: Precision, usesForwardKernels: Bool = true
    ) throws(NetworkError) {
        // Kernels divide the work when they are made.
        setComputeThreads(threads)
        engine = try ComputeEngine.get()
        self.architecture = architecture
        self.batch = batch
        self.threads = threads
        self.inputExtent = inputExtent
        self.usesForwardKernels = usesForwardKernels
        type = precision.dataType
        usesTiles =
            precision.dataType == dnnl_bf16
            && architecture.units.allSatisfy { TileConvolution.supports($0.shape) }
        try build()
    }

    private mutating func build() throws(NetworkError) {
        let (convolutions, steps) = architecture.graph()
        guard let shapes = architecture.valueShapes(input: inputExtent) else {
            throw NetworkError(message: "an input of \(inputExtent.values) is too small for the network")
        }
        // `home[v]`: where the network's value v lies; `gradients[v]`: the parts of its gradient.
        var home = [Int](repeating: -1, count: shapes.count)
        var gradients = [[Int]](repeating: [], count: shapes.count)
        func shape(_ value: Int) -> [Int] { [batch, shapes[value].channels] + shapes[value].extent.values }

        input = add(try MemoryDescription(shape: shape(0), type: type, tag: dnnl_ncdhw))
        home[0] = input
        for (index, step) in steps.enumerated() {
            let blocked = try MemoryDescription(shape: shape(step.output), type: type, tag: layout)
            switch step.operation {
            case .maxPooling(let pool):
                home[step.output] = try pooled(
                    index, pool, home[step.input], input: shapes[step.input].extent, to: blocked)
            case .convolution(let unit, let relu, let accumulator):
                home[step.output] = try convolved(
                    index, convolutions[unit], home[step.input], to: blocked,
                    channels: shapes[step.output].channels, cells: shapes[step.output].extent.product,
                    relu: relu,
                    addend: accumulator.map { home[$0] })
            }
        }
        guard let last = steps.last?.output, last > 0 else { throw NetworkError(message: "an empty network") }
        outputCells = shapes[last].extent.product
        let plain = try MemoryDescription(shape: shape(last), type: dnnl_f32, tag: dnnl_ncdhw)
        output = try reordered(home[last], to: plain)

        isBackward = true
        outputGradient = add(plain)
        gradients[last] = [try reordered(outputGradient, to: values[home[last]].description)]
        for (index, step) in steps.enumerated().reversed() {
            var parts = gradients[step.output]
            precondition(!parts.isEmpty && parts.count <= 2, "a value is used once or twice")
            switch step.operation {
            case .maxPooling:
                if parts.count == 2 {
                    emit(
                        .add(
                            parts[0], parts[1],
                            shape: blockedShape(
                                channels: shapes[step.output].channels,
                                cells: shapes[step.output].extent.product)))
                }
                gradients[step.input].append(
                    try pooledBackward(index, parts[0], values[home[step.input]].description))
            case .convolution(let unit, _, let accumulator):
                let back = try normalizedBackward(index, &parts, keepsMasked: accumulator != nil)
                if let accumulator { gradients[accumulator].append(parts[0]) }
                if let part = try convolvedBackward(
                    index, convolutions[unit], back, needsInput: step.input != 0)
                {
                    gradients[step.input].append(part)
                }
            }
        }
        let end = time
        let widest = norms.map { TrainingNorm.paddedChannels($0.channels, block: Self.block) }.max() ?? 0
        coefficients = arena.add(byteCount: 3 * 4 * widest, first: 0)
        sums = arena.add(byteCount: 2 * 8 * batch * widest, first: 0)
        for whole in [coefficients, sums] { arena.use(whole, at: end) }
        byteCount = arena.place()
    }

    // MARK: Layouts

    /// Channels that lie side by side: a vector register.
    static let block = mt_has_avx512() ? 16 : mt_has_avx2() ? 8 : 1
    /// Channels-last where tiles multiply all layers, else in blocks.
    var layout: dnnl_format_tag_t {
        if usesTiles { return dnnl_ndhwc }
        return Self.block == 16 ? dnnl_nCdhw16c : Self.block == 8 ? dnnl_nCdhw8c : dnnl_ncdhw
    }

    func blockedShape(channels: Int, cells: Int) -> mt_blocked_shape {
        mt_blocked_shape(
            images: Int64(batch), blocks: Int64((channels + Self.block - 1) / Self.block),
            cells: Int64(cells),
            block: Int32(Self.block), channels_last: usesTiles, bfloat16: type == dnnl_bf16,
            threads: Int32(threads))
    }

    // MARK: Bookkeeping

    mutating func add(_ description: MemoryDescription) -> Int {
        values.append(
            Value(description: description, block: arena.add(byteCount: description.byteCount, first: time)))
        return values.count - 1
    }

    func argument(_ number: Int32, _ value: Int) -> Argument {
        Argument(number: number, operand: .arena(value), description: values[value].description)
    }

    func swapped(_ number: Int32, _ value: Int) throws(NetworkError) -> Argument {
        Argument(
            number: number, operand: .arena(value),
            description: try values[value].description.withSwappedAxes())
    }

    mutating func reordered(
        _ value: Int, to layout: MemoryDescription
    ) throws(NetworkError) -> Int {
        guard values[value].description != layout else { return value }
        let result = add(layout)
        try emitReorder(argument(DNNL_ARG_FROM, value), argument(DNNL_ARG_TO, result))
        return result
    }

    mutating func emitReorder(
        _ from: Argument, _ to: Argument, adding: Bool = false
    ) throws(NetworkError) {
        let attributes = try ForwardAttributes(addsToDestination: adding)
        try emit(
            try PrimitiveDescription("reorder") {
                mt_reorder(
                    &$0, engine.handle, from.description.handle, to.description.handle, attributes.handle)
            }, [from, to])
    }

    mutating func emit(_ description: PrimitiveDescription, _ arguments: [Argument])
        throws(NetworkError)
    {
        for case .arena(let value) in arguments.map(\.operand) { arena.use(values[value].block, at: time) }
        let scratch = description.scratchBytes
        emit(
            .primitive(
                description, arguments,
                scratch: scratch > 0 ? arena.add(byteCount: scratch, first: time) : nil))
    }

    mutating func emit(_ step: Step) {
        switch step {
        case .primitive: break
        case .own(_, _, _, let source, let result, _, _):
            for value in [source, result] { arena.use(values[value].block, at: time) }
        case .ownGradient(_, _, let source, let gradient, _):
            for value in [source, gradient] { arena.use(values[value].block, at: time) }
        case .normForward(let index):
            let norm = norms[index]
            for value in [norm.x, norm.y] + (norm.addend.map { [$0] } ?? []) {
                arena.use(values[value].block, at: time)
            }
            arena.use(norm.saved, at: time)
        case .normBackward(let index, let gradients, _, let dx):
            for value in gradients + [norms[index].x, norms[index].y, dx] {
                arena.use(values[value].block, at: time)
            }
            arena.use(norms[index].saved, at: time)
        case .add(let a, let b, _):
            for value in [a, b] { arena.use(values[value].block, at: time) }
        }
        if isBackward { backward.append(step) } else { forward.append(step) }
    }
}
