internal import COneDNN
import Tensors

/// Chooses kernels and layouts for a network, and places its activations in as few buffers as their lifetimes allow.
struct ProgramBuilder {
    private struct Value {
        var description: MemoryDescription
        var slot: Int
        var shape: [Int]
    }
    /// A step whose memory is not yet allocated.
    private struct Pending {
        var scratchBytes: Int
        /// From the memories of the values, by index.
        var make: ([Memory]) throws(NetworkError) -> any InferenceStep
    }
    private enum Operand {
        case value(Int)
        case memory(Memory)
    }
    private enum Kernel {
        case direct(Convolution3D.Plan)
        case own(any OwnConvolution)

        var source: MemoryDescription {
            switch self {
            case .direct(let plan): plan.source
            case .own(let plan): plan.source
            }
        }
        var destination: MemoryDescription {
            switch self {
            case .direct(let plan): plan.destination
            case .own(let plan): plan.destination
            }
        }
    }

    private let network: ResidualNetwork
    private let engine: ComputeEngine
    private let type: dnnl_data_type_t
    private let batch: Int
    private let threads: Int
    private let inputExtent: Extent3D
    private var values: [Value] = []
    private var slotSizes: [Int] = []
    private var freeSlots: [Int] = []
    private var pending: [Pending] = []

    private(set) var program: [any InferenceStep] = []
    private(set) var input: Memory
    private(set) var output: Memory
    private(set) var outputCells = 0
    /// Of all buffers that `build` made.
    private(set) var allocatedBytes = 0

    init(
        network: ResidualNetwork, inputExtent: Extent3D, batch: Int, threads: Int, precision: Precision,
        engine: ComputeEngine
    ) throws(NetworkError) {
        self.network = network
        self.engine = engine
        self.batch = batch
        self.threads = threads
        self.inputExtent = inputExtent
        type = precision.dataType
        let shape = [batch, ResidualArchitecture.inputChannels] + inputExtent.values
        let description = try MemoryDescription(shape: shape, type: type, tag: dnnl_ncdhw)
        input = try Memory(description, engine: engine)
        output = input
    }

    /// Allocates and binds what `plan` chose.
    mutating func build() throws(NetworkError) {
        let last = try plan()
        try finish(last: last)
    }

    /// Bytes that the program will take beside the weights.
    mutating func requiredMemory() throws(NetworkError) -> Int {
        let last = values[try plan()]
        let scratch = pending.map(\.scratchBytes).max() ?? 0
        return input.description.byteCount + slotSizes.reduce(0, +) + scratch + 4 * last.shape.reduce(1, *)
    }

    /// Chooses the kernels and the places of all values; returns the last one.
    private mutating func plan() throws(NetworkError) -> Int {
        let (_, steps) = network.architecture.graph()
        guard let shapes = network.architecture.valueShapes(input: inputExtent) else {
            throw NetworkError(message: "an input of \(inputExtent.values) is too small for the network")
        }
        var lastUse = [Int](repeating: -1, count: shapes.count)
        for (index, step) in steps.enumerated() {
            lastUse[step.input] = index
            if case .convolution(_, _, let accumulator?) = step.operation { lastUse[accumulator] = index }
        }
        // `current[v]` is where the network's value v lies now: a reorder gives it another home.
        var current = [Int](repeating: -1, count: shapes.count)
        values.append(Value(description: input.description, slot: -1, shape: shape(of: shapes[0])))
        current[0] = 0
        for (index, step) in steps.enumerated() {
            let outputShape = shape(of: shapes[step.output])
            switch step.operation {
            case .maxPooling(let pool):
                let source = values[current[step.input]]
                let plan = try MaxPooling3D.forward(
                    pool, source: source.description, sourceShape: source.shape, type: type, engine: engine)
                current[step.output] = addValue(plan.destination, shape: outputShape)
                append(
                    plan.description,
                    [
                        (DNNL_ARG_SRC, .value(current[step.input])),
                        (DNNL_ARG_DST, .value(current[step.output])),
                    ])
            case .convolution(let unit, let relu, let accumulator):
                try convolve(
                    unit: unit, relu: relu, input: step.input, accumulator: accumulator, output: step.output,
                    outputShape: outputShape, current: &current)
            }
            // Slots whose value is not read any more; an accumulator's slot becomes the output's.
            let kept = values[current[step.output]].slot
            for value in 0..<shapes.count where lastUse[value] == index && current[value] >= 0 {
                release(values[current[value]].slot, unless: kept)
            }
        }
        return current[steps.last?.output ?? 0]
    }

    private func shape(of value: (channels: Int, extent: Extent3D)) -> [Int] {
        [batch, value.channels] + value.extent.values
    }

    private mutating func convolve(
        unit: Int, relu: Bool, input: Int, accumulator: Int?, output: Int, outputShape: [Int],
        current: inout [Int]
    ) throws(NetworkError) {
        let source = values[current[input]]
        let sum = accumulator.map { values[current[$0]].description }
        let extent = source.shape
        let kernel: Kernel
        if let plan = try OwnConvolutions.plan(
            network.units[unit].shape, batch: batch, extent: Extent3D(extent[2], extent[3], extent[4]),
            type: type, threads: threads)
        {
            kernel = .own(plan)
        } else {
            kernel = .direct(
                try choose(unit: unit, relu: relu, source: source, outputShape: outputShape, sum: sum))
        }
        if kernel.source != source.description {
            let old = current[input]
            current[input] = try reorder(old, to: kernel.source)
            release(values[old].slot, unless: nil)
        }
        if let accumulator {
            if kernel.destination != values[current[accumulator]].description {
                let old = current[accumulator]
                current[accumulator] = try reorder(old, to: kernel.destination)
                if accumulator != input { release(values[old].slot, unless: nil) }
            }
            current[output] = current[accumulator]
        } else {
            current[output] = addValue(kernel.destination, shape: outputShape)
        }
        let (from, to) = (current[input], current[output])
        let bias = try network.biasMemory(unit: unit, engine: engine)
        switch kernel {
        case .direct(let plan):
            let weights = try network.weightMemory(unit: unit, plan.weights, engine: engine)
            append(
                plan.description,
                [
                    (DNNL_ARG_SRC, .value(from)), (DNNL_ARG_WEIGHTS, .memory(weights)),
                    (DNNL_ARG_BIAS, .memory(bias)), (DNNL_ARG_DST, .value(to)),
                ])
        case .own(let plan):
            let weights = network.ownWeights(unit: unit, plan)
            pending.append(
                Pending(scratchBytes: plan.scratchBytes) { (memories) throws(NetworkError) in
                    OwnConvolutionStep(
                        plan, source: memories[from], weights: weights, bias: bias,
                        destination: memories[to], addsToDestination: accumulator != nil, relu: relu)
                })
        }
    }

    /// A step of oneDNN's.
    private mutating func append(_ description: PrimitiveDescription, _ arguments: [(Int32, Operand)]) {
        pending.append(
            Pending(scratchBytes: description.scratchBytes) { (memories) throws(NetworkError) in
                try Primitive(
                    description,
                    arguments: arguments.map { argument in
                        switch argument.1 {
                        case .value(let index): (argument.0, memories[index])
                        case .memory(let memory): (argument.0, memory)
                        }
                    })
            })
    }

    /// The best kernel: from the layouts at hand if oneDNN has a real one for them, else by its own choice.
    private func choose(
        unit: Int, relu: Bool, source: Value, outputShape: [Int], sum: MemoryDescription?
    ) throws(NetworkError) -> Convolution3D.Plan {
        let anySource = try MemoryDescription(shape: source.shape, type: type, tag: dnnl_format_tag_any)
        let anyOutput = try MemoryDescription(shape: outputShape, type: type, tag: dnnl_format_tag_any)
        // Blocks of 16 channels, an AVX-512 register; measured a little faster than channels-last.
        let blocked = try MemoryDescription(shape: outputShape, type: type, tag: dnnl_nCdhw16c)
        var candidates = [
            (source.description, sum ?? blocked), (source.description, anyOutput), (anySource, anyOutput),
        ]
        if sum == nil, !ProcessorLayout.prefersBlocksOf16 { candidates.removeFirst() }
        return try Convolution3D.best(candidates) { (source, destination) throws(NetworkError) in
            try Convolution3D.forward(
                network.units[unit].shape, source: source, destination: destination, type: type,
                addsToDestination: sum != nil, relu: relu, engine: engine)
        }
    }

    private mutating func addValue(_ description: MemoryDescription, shape: [Int]) -> Int {
        let size = description.byteCount
        // The free slot that fits with the least growth.
        let slot: Int
        if let best = freeSlots.min(by: { abs(slotSizes[$0] - size) < abs(slotSizes[$1] - size) }) {
            freeSlots.removeAll { $0 == best }
            slotSizes[best] = max(slotSizes[best], size)
            slot = best
        } else {
            slotSizes.append(size)
            slot = slotSizes.count - 1
        }
        values.append(Value(description: description, slot: slot, shape: shape))
        return values.count - 1
    }

    private mutating func release(_ slot: Int, unless kept: Int?) {
        guard slot >= 0, slot != kept, !freeSlots.contains(slot) else { return }
        freeSlots.append(slot)
    }

    private mutating func reorder(_ value: Int, to layout: MemoryDescription) throws(NetworkError) -> Int {
        let target = addValue(layout, shape: values[value].shape)
        let attributes = try ForwardAttributes()
        let description = try PrimitiveDescription("reorder") {
            mt_reorder(
                &$0, engine.handle, values[value].description.handle, layout.handle, attributes.handle)
        }
        append(description, [(DNNL_ARG_FROM, .value(value)), (DNNL_ARG_TO, .value(target))])
        return target
    }

    /// Allocates the buffers, binds the steps to them, and brings the last value to plain float32.
    private mutating func finish(last: Int) throws(NetworkError) {
        let buffers = slotSizes.map { AlignedBuffer(byteCount: $0) }
        var memories: [Memory] = []
        for value in values {
            memories.append(
                value.slot < 0
                    ? input : try Memory(value.description, engine: engine, buffer: buffers[value.slot]))
        }
        for step in pending { program.append(try step.make(memories)) }
        let shape = values[last].shape
        output = try Memory(MemoryDescription(shape: shape, type: dnnl_f32, tag: dnnl_ncdhw), engine: engine)
        outputCells = shape[2] * shape[3] * shape[4]
        program.append(try Reorder.primitive(from: memories[last], to: output, engine: engine))
        let scratch = AlignedBuffer(byteCount: program.map(\.scratchBytes).max() ?? 0)
        for step in program { try step.bindScratch(scratch, offset: 0, engine: engine) }
        let all = buffers + [input.buffer, output.buffer, scratch]
        allocatedBytes = all.reduce(0) { $0 + $1.byteCount }
    }
}

enum ProcessorLayout {
    /// Whether this processor's direct kernels work on blocks of 16 channels.
    static let prefersBlocksOf16 = mt_has_avx512()
}
