import Distributions
import VideoDecoding

/// Encodes clips on one thread and gives the backbone's feature beside the Gaussian: what measurements need
/// and an index does not.
///
/// The Gaussians are those of `EncoderSession`, bit for bit.
public final class FeatureEncoder {
    /// The model.
    public let encoder: VideoEncoder
    private let lane: EncodingLane

    /// An execution context; owned by one thread at a time.
    public init(encoder: VideoEncoder) throws(ModelError) {
        self.encoder = encoder
        lane = try EncodingLane(encoder: encoder, threads: 1)
    }

    /// v_n, the feature (C) after global average pooling, and what the head makes of it.
    ///
    /// The clip must have been read with the model's frames a clip and geometry. Throws where the network gives
    /// values that are not finite, or where the engine fails.
    public func encode(_ clip: Clip) throws(ModelError) -> (feature: [Float], gaussian: Gaussian) {
        try lane.encodeWithFeature(clip)
    }
}
