internal import COneDNN
import Tensors

/// A residual network in training for one batch size: forward with batch statistics, and backward to every parameter.
/// Used by one thread at a time; all memory is there before the first step.
public final class TrainingNetwork {
    /// Clips at once.
    public let batch: Int
    /// That each layer is spread over.
    public let threads: Int
    /// C.
    public let featureChannels: Int
    /// Bytes of activations, copies of weights and scratch: all that is allocated beside the parameters.
    public var allocatedBytes: Int { arena.byteCount }

    private let parameters: TrainingParameters
    private let arena: AlignedBuffer
    private let stream: ComputeStream
    private let forwardSteps: [any ComputeStep]
    private let backwardSteps: [any ComputeStep]
    private let input: UnsafeMutableRawBufferPointer
    private let output: UnsafeBufferPointer<Float>
    private let outputGradient: UnsafeMutableBufferPointer<Float>
    private let outputCells: Int
    private var hasForward = false

    /// Bytes that a network for that batch will allocate beside the parameters.
    public static func requiredMemory(
        _ architecture: ResidualArchitecture, inputExtent: Extent3D, batch: Int, threads: Int = 2,
        precision: Precision = .automatic
    ) throws(NetworkError) -> Int {
        try TrainingPlan(
            architecture, inputExtent: inputExtent, batch: batch, threads: threads, precision: precision
        ).byteCount
    }

    /// Compiles both directions.
    ///
    /// - Parameters:
    ///   - precision: of the activations and the weights' copies; parameters, gradients and statistics are float32.
    ///   - parameters: must hold those of the architecture; may hold others.
    ///   - usesForwardKernels: false for oneDNN's own kernels for every weight gradient, to compare with.
    public init(
        _ architecture: ResidualArchitecture, parameters: TrainingParameters, inputExtent: Extent3D,
        batch: Int, threads: Int = 2, precision: Precision = .automatic, usesForwardKernels: Bool = true
    ) throws(NetworkError) {
        precondition(batch > 0 && threads > 0)
        let plan = try TrainingPlan(
            architecture, inputExtent: inputExtent, batch: batch, threads: threads, precision: precision,
            usesForwardKernels: usesForwardKernels)
        self.batch = batch
        self.threads = threads
        self.parameters = parameters
        featureChannels = architecture.featureChannels
        arena = AlignedBuffer(byteCount: plan.byteCount)
        stream = try ComputeStream(engine: plan.engine)
        let binder = TrainingBinder(plan: plan, arena: arena, parameters: parameters)
        forwardSteps = try binder.bind(plan.forward)
        backwardSteps = try binder.bind(plan.backward)
        input = UnsafeMutableRawBufferPointer(
            start: binder.address(plan.input), count: plan.values[plan.input].description.byteCount)
        outputCells = plan.outputCells
        let count = batch * featureChannels * outputCells
        output = UnsafeBufferPointer(
            start: binder.address(plan.output).assumingMemoryBound(to: Float.self), count: count)
        outputGradient = UnsafeMutableBufferPointer(
            start: binder.address(plan.outputGradient).assumingMemoryBound(to: Float.self), count: count)
    }

    /// The input, (N,3,t,h,w) row-major, in the number format of its precision; to be filled before each forward pass.
    public var inputBytes: UnsafeMutableRawBufferPointer { input }

    /// The kernel of each step, forward and then backward.
    public var kernels: [String] { (forwardSteps + backwardSteps).map(\.name) }

    /// features (N,C) after global average pooling, from the input; moves the running statistics.
    public func forward(_ features: UnsafeMutableBufferPointer<Float>) throws(NetworkError) {
        precondition(features.count == batch * featureChannels)
        try run(forwardSteps)
        GlobalAveragePooling.forward(output, into: features, cells: outputCells)
        hasForward = true
    }

    /// Adds the gradients of all parameters for dFeatures (N,C), once after each forward pass.
    public func backward(_ dFeatures: UnsafeBufferPointer<Float>) throws(NetworkError) {
        precondition(dFeatures.count == batch * featureChannels)
        precondition(hasForward, "backward uses up what forward left")
        hasForward = false
        GlobalAveragePooling.backward(dFeatures, into: outputGradient, cells: outputCells)
        try run(backwardSteps)
    }

    private func run(_ steps: [any ComputeStep]) throws(NetworkError) {
        setComputeThreads(threads)
        for step in steps { try step.execute(stream) }
        try check(dnnl_stream_wait(stream.handle), "training")
    }
}

private struct OwnStep: ComputeStep {
    let plan: any OwnConvolution
    let parameter: UnsafeMutableBufferPointer<Float>
    let isBackward: Bool
    let source: UnsafeMutableRawPointer
    let result: UnsafeMutableRawPointer
    let weights: UnsafeMutableRawPointer
    let scratch: UnsafeMutableRawPointer
    var name: String { "\(plan.what)\(isBackward ? " backward to its input" : ""): \(plan.algorithm)" }
    func execute(_ stream: ComputeStream) {
        plan.prepare(parameter.baseAddress, backward: isBackward, into: weights)
        plan.run(
            source: source, weights: weights, bias: nil, destination: result, addsToDestination: false,
            relu: false, scratch: scratch)
    }
}

private struct OwnGradient: ComputeStep {
    let plan: any OwnConvolution
    let parameter: UnsafeMutableBufferPointer<Float>
    let source: UnsafeMutableRawPointer
    let gradient: UnsafeMutableRawPointer
    let scratch: UnsafeMutableRawPointer
    var name: String { "\(plan.what) backward to its weights: \(plan.algorithm)" }
    func execute(_ stream: ComputeStream) {
        plan.addWeightGradient(
            source: source, gradient: gradient, to: parameter.baseAddress, scratch: scratch)
    }
}

private struct NormForward: ComputeStep {
    let norm: TrainingNorm
    var name: String { "batch norm: own" }
    func execute(_ stream: ComputeStream) { norm.forward() }
}

private struct NormBackward: ComputeStep {
    let norm: TrainingNorm
    let gradients: [UnsafeMutableRawPointer]
    let masked: UnsafeMutableRawPointer?
    let result: UnsafeMutableRawPointer
    var name: String { "batch norm backward: own" }
    func execute(_ stream: ComputeStream) {
        norm.backward(
            gradients[0], gradients.count > 1 ? UnsafeRawPointer(gradients[1]) : nil, masked: masked,
            into: result)
    }
}

private struct GradientSum: ComputeStep {
    let shape: mt_blocked_shape
    let first: UnsafeMutableRawPointer
    let second: UnsafeMutableRawPointer
    var name: String { "sum: own" }
    func execute(_ stream: ComputeStream) {
        var job = mt_norm_job()
        job.shape = shape
        job.gradient = UnsafeRawPointer(first)
        job.other_gradient = UnsafeRawPointer(second)
        job.out = first
        mt_add_gradients(&job)
    }
}

/// Turns a plan's steps into steps on memory.
private struct TrainingBinder {
    let plan: TrainingPlan
    let arena: AlignedBuffer
    let parameters: TrainingParameters
    private let norms: [TrainingNorm]

    init(plan: TrainingPlan, arena: AlignedBuffer, parameters: TrainingParameters) {
        self.plan = plan
        self.arena = arena
        self.parameters = parameters
        func block(_ index: Int) -> UnsafeMutableRawPointer { arena.base + plan.arena.blocks[index].offset }
        func value(_ index: Int) -> UnsafeMutableRawPointer { block(plan.values[index].block) }
        func floats(_ buffer: UnsafeMutableBufferPointer<Float>) -> UnsafeMutablePointer<Float> {
            guard let base = buffer.baseAddress else { preconditionFailure("an empty parameter") }
            return base
        }
        norms = plan.norms.map { norm in
            let gamma = parameters.parameter("\(norm.name).weight")
            let beta = parameters.parameter("\(norm.name).bias")
            return TrainingNorm(
                shape: norm.shape, channels: norm.channels, relu: norm.relu,
                arrays: .init(
                    x: value(norm.x), y: value(norm.y), addend: norm.addend.map(value),
                    gamma: floats(gamma.value),
                    beta: floats(beta.value), gammaGradient: floats(gamma.gradient),
                    betaGradient: floats(beta.gradient),
                    runningMean: floats(parameters.buffer("\(norm.name).running_mean").value),
                    runningVariance: floats(parameters.buffer("\(norm.name).running_var").value),
                    saved: block(norm.saved).assumingMemoryBound(to: Float.self),
                    coefficients: block(plan.coefficients).assumingMemoryBound(to: Float.self),
                    sums: block(plan.sums).assumingMemoryBound(to: Double.self)))
        }
    }

    private func block(_ index: Int) -> UnsafeMutableRawPointer {
        arena.base + plan.arena.blocks[index].offset
    }

    func address(_ value: Int) -> UnsafeMutableRawPointer { block(plan.values[value].block) }

    func bind(_ steps: [TrainingPlan.Step]) throws(NetworkError) -> [any ComputeStep] {
        var result: [any ComputeStep] = []
        for step in steps {
            switch step {
            case .primitive(let description, let arguments, let scratch):
                var memories: [(Int32, Memory)] = []
                for argument in arguments { memories.append((argument.number, try memory(argument))) }
                let primitive = try Primitive(description, arguments: memories)
                if let scratch {
                    try primitive.bindScratch(
                        arena, offset: plan.arena.blocks[scratch].offset, engine: plan.engine)
                }
                result.append(primitive)
            case .own(
                let plan, let name, let isBackward, let source, let target, let weights, let scratch):
                result.append(
                    OwnStep(
                        plan: plan, parameter: parameters.parameter(name).value, isBackward: isBackward,
                        source: address(source), result: address(target), weights: block(weights),
                        scratch: block(scratch)))
            case .ownGradient(let plan, let name, let source, let gradient, let scratch):
                result.append(
                    OwnGradient(
                        plan: plan, parameter: parameters.parameter(name).gradient, source: address(source),
                        gradient: address(gradient), scratch: block(scratch)))
            case .normForward(let index): result.append(NormForward(norm: norms[index]))
            case .normBackward(let index, let gradients, let masked, let dx):
                result.append(
                    NormBackward(
                        norm: norms[index], gradients: gradients.map(address), masked: masked.map(address),
                        result: address(dx)))
            case .add(let a, let b, let shape):
                result.append(GradientSum(shape: shape, first: address(a), second: address(b)))
            }
        }
        return result
    }

    private func memory(_ argument: TrainingPlan.Argument) throws(NetworkError) -> Memory {
        switch argument.operand {
        case .arena(let value):
            try Memory(
                argument.description, engine: plan.engine, buffer: arena,
                offset: plan.arena.blocks[plan.values[value].block].offset)
        case .parameter(let name):
            try Memory(
                argument.description, engine: plan.engine, buffer: parameters.parameter(name).storage)
        case .gradient(let name):
            try Memory(
                argument.description, engine: plan.engine, buffer: parameters.parameter(name).gradientStorage)
        }
    }
}
