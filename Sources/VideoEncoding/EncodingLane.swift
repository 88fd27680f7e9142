import Distributions
import NeuralNetwork
import VideoDecoding

/// One clip at a time → its Gaussian: normalisation, backbone, head. Belongs to one thread at a time.
final class EncodingLane {
    private let encoder: VideoEncoder
    private let program: InferenceProgram
    private let normalizer: ClipNormalizer
    private let byteCount: Int

    /// - Parameter threads: that each layer is spread over.
    init(encoder: VideoEncoder, threads: Int) throws(ModelError) {
        self.encoder = encoder
        let configuration = encoder.configuration
        do throws(NetworkError) {
            program = try InferenceProgram(
                encoder.network, inputExtent: configuration.inputExtent, batch: 1, threads: threads,
                precision: encoder.precision)
        } catch {
            throw ModelError(path: encoder.folder, message: "the network cannot run here: \(error.message)")
        }
        normalizer = ClipNormalizer(configuration.normalization, precision: encoder.precision)
        byteCount = configuration.inputExtent.product * 3
    }

    func encode(_ clip: Clip) throws(ModelError) -> Gaussian { try encodeWithFeature(clip).gaussian }

    /// Also gives the feature (C) that the head read.
    func encodeWithFeature(_ clip: Clip) throws(ModelError) -> (feature: [Float], gaussian: Gaussian) {
        precondition(
            clip.frames.count == byteCount, "the clip was not read with this model's plan and geometry")
        normalizer.write(clip.frames, to: program.inputBytes)
        let features: [Float]
        do throws(NetworkError) {
            features = try program.run()
        } catch {
            throw ModelError(path: encoder.folder, message: "the network failed: \(error.message)")
        }
        guard let gaussian = features.withUnsafeBufferPointer({ encoder.head.forward($0) }) else {
            throw ModelError(
                path: encoder.folder, message: "the network gave a value that is not finite",
                hint: "the weights are too large for this input; use another model")
        }
        return (features, gaussian)
    }
}
