import Base
import Distributions
import NeuralNetwork
import VideoDecoding

/// What a video becomes.
public struct EncodedVideo: Sendable {
    /// The file's claims about its video stream.
    public var facts: StreamFacts
    /// The clips' intervals, in the order of the mixture's components.
    public var intervals: [TimeRange]
    /// One Gaussian a clip.
    public var mixture: GaussianMixture
    /// What the clips look like, one each; none where the source keeps none.
    public var signatures: [ClipSignature]
    /// Parts of the picture that could be a video of their own (`PanelFinder`), the surest first; empty unless they were asked for.
    public var panels: [PictureRegion] = []

    /// A video of these parts; as many intervals as components.
    public init(
        facts: StreamFacts, intervals: [TimeRange], mixture: GaussianMixture, signatures: [ClipSignature] = []
    ) {
        self.facts = facts
        self.signatures = signatures
        self.intervals = intervals
        self.mixture = mixture
    }
}

/// A loaded model: weights shared by all sessions, safe to use from any thread.
public final class VideoEncoder: Sendable {
    /// What `config.json` says.
    public let configuration: ModelConfiguration
    /// SHA-256 over the configuration's encoder-relevant part and the weights, in hexadecimal.
    public let fingerprint: String
    /// The folder that the model was loaded from.
    public let folder: String
    /// The number format that the backbone runs in on this processor.
    public let precision: Precision
    let network: ResidualNetwork
    let head: ProbabilisticHead

    /// Loads `folder/config.json` and `folder/model.safetensors`.
    ///
    /// - Parameter precision: of the backbone; the head is always float32.
    public init(folder: String, precision: Precision = .automatic) throws(ModelError) {
        let configuration = try ModelConfiguration(path: "\(folder)/config.json")
        let hash = SHA256()
        ModelWeights.add(configuration.canonicalText + "\n", to: hash)
        let weights = try ModelWeights(
            path: "\(folder)/model.safetensors", configuration: configuration, hash: hash)
        self.configuration = configuration
        self.folder = folder
        self.precision = precision.resolved
        fingerprint = hash.finish()
        network = ResidualNetwork(architecture: configuration.architecture) { unit in
            (weights[unit.weightName], weights.norm(unit.normName))
        }
        head = ProbabilisticHead(weights: weights, range: configuration.logVarianceRange)
    }

    /// An execution context for one thread of work, which spreads its clips over `threads` threads.
    public func makeSession(threads: Int) throws(ModelError) -> EncoderSession {
        try EncoderSession(encoder: self, threads: max(1, threads))
    }
}
