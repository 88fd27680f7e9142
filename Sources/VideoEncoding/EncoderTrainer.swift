import Base
import Glibc
import NeuralNetwork
import Tensors

/// A model in training: batches of clips to Gaussians, and the loss's gradients back to every parameter.
///
/// One thread uses it at a time. The first forward pass of a batch size (or `prepare`) allocates all that its steps
/// need; steps allocate nothing.
public final class EncoderTrainer {
    /// As in the model folder.
    public private(set) var configuration: ModelConfiguration
    /// Every learned tensor with its gradient, and the running statistics, named as in the model file and in its order.
    public let weights: TrainingParameters
    /// That each layer is spread over.
    public let threads: Int
    /// Of activations and products; parameters, gradients and statistics are float32.
    public let precision: Precision
    /// Whether the head alone learns: the backbone then runs as at inference, with its running statistics, and nothing
    /// is known of its gradients.
    public var isBackboneFrozen = false {
        didSet { if isBackboneFrozen != oldValue { compiled = nil } }
    }

    /// A backbone and a head for one batch size.
    private struct Compiled {
        var count: Int
        var backbone: Backbone
        var head: HeadTrainer
        var features: AlignedBuffer
        var featureGradients: AlignedBuffer
    }
    private enum Backbone {
        case learning(TrainingNetwork)
        case frozen(InferenceProgram)
    }
    private var compiled: Compiled?
    private let normalizer: ClipNormalizer
    private let folder: String

    package init(
        configuration: ModelConfiguration, weights: ModelWeights, threads: Int = 2,
        precision: Precision = .automatic, folder: String = "the model"
    ) {
        self.configuration = configuration
        self.threads = max(1, threads)
        self.precision = precision.resolved
        self.folder = folder
        let isBuffer = { (name: String) in name.hasSuffix(".running_mean") || name.hasSuffix(".running_var") }
        let expected = ModelWeights.expected(configuration)
        self.weights = TrainingParameters(
            parameters: expected.filter { !isBuffer($0.name) }, buffers: expected.filter { isBuffer($0.name) }
        )
        self.weights.load(weights.tensors)
        normalizer = ClipNormalizer(configuration.normalization, precision: self.precision)
    }

    /// Reads a model folder to train it further.
    public convenience init(
        folder: String, threads: Int = 2, precision: Precision = .automatic
    ) throws(ModelError) {
        let configuration = try ModelConfiguration(path: "\(folder)/config.json")
        let weights = try ModelWeights(
            path: "\(folder)/model.safetensors", configuration: configuration, hash: SHA256())
        self.init(
            configuration: configuration, weights: weights, threads: threads, precision: precision,
            folder: folder)
    }

    /// A new model with the weights that `ModelFactory` makes of that seed.
    ///
    /// - Parameter clipCount: made-up clips that the norms are set from; 1 is enough where other weights take their place.
    public convenience init(
        configuration: ModelConfiguration, seed: UInt64, clipCount: Int = 64, threads: Int = 2,
        precision: Precision = .automatic,
        progress: (Double) -> Void = { _ in }
    ) throws(ModelError) {
        let weights = try ModelFactory.makeWeights(
            configuration, seed: seed, clipCount: clipCount, threads: threads, folder: configuration.name,
            progress: progress)
        self.init(configuration: configuration, weights: weights, threads: threads, precision: precision)
    }

    /// T, frames of a clip.
    public var frames: Int { configuration.inputExtent.time }
    /// Pixels.
    public var height: Int { configuration.inputExtent.height }
    /// Pixels.
    public var width: Int { configuration.inputExtent.width }
    /// D, the width of the embedding.
    public var dimension: Int { configuration.dimension }
    /// What the network is: two models with the same text have the same tensors.
    public var architecture: String { configuration.canonicalText }

    /// Bytes that a batch of `count` clips needs beside the parameters; nil where the network cannot run.
    public func workspaceBytes(count: Int) -> Int? {
        let planned =
            isBackboneFrozen
            ? try? foldedNetwork().requiredMemory(
                inputExtent: configuration.inputExtent, batch: count, threads: threads, precision: precision)
            : try? TrainingNetwork.requiredMemory(
                configuration.architecture, inputExtent: configuration.inputExtent, batch: count,
                threads: threads, precision: precision)
        guard let backbone = planned else { return nil }
        return backbone + HeadTrainer.requiredMemory(batch: count, dimension: dimension)
            + 2 * 4 * count * configuration.featureChannels
    }

    /// Bytes that the current batch size has allocated beside the parameters; as `workspaceBytes` said.
    package var allocatedBytes: Int? {
        guard let compiled else { return nil }
        let backbone =
            switch compiled.backbone {
            case .learning(let network): network.allocatedBytes
            case .frozen(let program): program.allocatedBytes
            }
        return backbone + compiled.head.allocatedBytes + compiled.features.byteCount
            + compiled.featureGradients.byteCount
    }

    /// Allocates all that batches of `count` clips need.
    public func prepare(count: Int) throws(ModelError) {
        precondition(count > 0)
        if compiled?.count == count { return }
        // The old memory goes first: there may be no room for both.
        compiled = nil
        let backbone: Backbone
        do throws(NetworkError) {
            if isBackboneFrozen {
                backbone = .frozen(
                    try InferenceProgram(
                        foldedNetwork(), inputExtent: configuration.inputExtent, batch: count,
                        threads: threads,
                        precision: precision))
            } else {
                backbone = .learning(
                    try TrainingNetwork(
                        configuration.architecture, parameters: weights,
                        inputExtent: configuration.inputExtent,
                        batch: count, threads: threads, precision: precision))
            }
        } catch { throw failure("cannot run here", error) }
        let features = 4 * count * configuration.featureChannels
        compiled = Compiled(
            count: count, backbone: backbone,
            head: HeadTrainer(
                parameters: weights, batch: count, dimension: dimension, range: configuration.logVarianceRange
            ),
            features: AlignedBuffer(byteCount: features), featureGradients: AlignedBuffer(byteCount: features)
        )
    }

    /// `count` clips, uint8 RGB (count,T,H,W,3), not normalised yet, to mu (count,D) of unit norm and the log variances
    /// s (count,D), with batch statistics, whose running means move. Keeps what backward needs.
    public func forward(
        clips: UnsafeBufferPointer<UInt8>, count: Int, mu: UnsafeMutableBufferPointer<Float>,
        s: UnsafeMutableBufferPointer<Float>
    ) throws(ModelError) {
        let clipBytes = configuration.inputExtent.product * 3
        precondition(clips.count == count * clipBytes)
        precondition(mu.count == count * dimension && s.count == mu.count)
        try prepare(count: count)
        guard let compiled else { preconditionFailure("prepared") }
        let input =
            switch compiled.backbone {
            case .learning(let network): network.inputBytes
            case .frozen(let program): program.inputBytes
            }
        let inputBytes = input.count / count
        for clip in 0..<count {
            normalizer.write(
                UnsafeBufferPointer(rebasing: clips[clip * clipBytes..<(clip + 1) * clipBytes]),
                to: UnsafeMutableRawBufferPointer(
                    rebasing: input[clip * inputBytes..<(clip + 1) * inputBytes]))
        }
        let features = floats(compiled.features)
        do throws(NetworkError) {
            switch compiled.backbone {
            case .learning(let network): try network.forward(features)
            case .frozen(let program): _ = features.update(fromContentsOf: try program.run())
            }
        } catch { throw failure("failed", error) }
        MatrixProduct.setThreads(threads)
        compiled.head.forward(.init(features), mu: mu, s: s)
    }

    /// Adds the gradients of the last forward pass to the parameters' gradients, from dMu (count,D) and dS (count,D).
    public func backward(
        dMu: UnsafeBufferPointer<Float>, dS: UnsafeBufferPointer<Float>
    ) throws(ModelError) {
        guard let compiled else { preconditionFailure("backward without forward") }
        precondition(dMu.count == compiled.count * dimension && dS.count == dMu.count)
        let features = UnsafeBufferPointer(floats(compiled.features))
        switch compiled.backbone {
        case .frozen: compiled.head.backward(dMu, dS: dS, features: features, into: nil)
        case .learning(let network):
            let gradients = floats(compiled.featureGradients)
            compiled.head.backward(dMu, dS: dS, features: features, into: gradients)
            do throws(NetworkError) { try network.backward(.init(gradients)) } catch {
                throw failure("failed", error)
            }
        }
    }

    private func floats(_ buffer: AlignedBuffer) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: buffer.base.assumingMemoryBound(to: Float.self), count: buffer.byteCount / 4)
    }

    private func foldedNetwork() -> ResidualNetwork {
        let current = ModelWeights(tensors: weights.tensors)
        return ResidualNetwork(architecture: configuration.architecture) { unit in
            (current[unit.weightName], current.norm(unit.normName))
        }
    }

    private func failure(_ what: String, _ error: NetworkError) -> ModelError {
        ModelError(path: folder, message: "the network \(what): \(error.message)")
    }
}
