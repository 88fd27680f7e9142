import Distributions
import NeuralNetwork
import VideoDecoding

/// Clips → their Gaussians: normalisation, backbone, head. Belongs to one thread at a time.
package final class EncodingLane {
    private let encoder: VideoEncoder
    private let threads: Int
    private let single: InferenceProgram
    /// Of `favouredBatch` clips, made for the first of them.
    private var wide: InferenceProgram?
    private let normalizer: ClipNormalizer
    private let byteCount: Int

    /// - Parameter threads: that each layer is spread over.
    package init(encoder: VideoEncoder, threads: Int) throws(ModelError) {
        self.encoder = encoder
        self.threads = threads
        single = try Self.program(encoder, batch: 1, threads: threads)
        let configuration = encoder.configuration
        normalizer = ClipNormalizer(configuration.normalization, precision: encoder.precision)
        byteCount = configuration.inputExtent.product * 3
    }

    private static func program(
        _ encoder: VideoEncoder, batch: Int, threads: Int
    ) throws(ModelError) -> InferenceProgram {
        do throws(NetworkError) {
            return try InferenceProgram(
                encoder.network, inputExtent: encoder.configuration.inputExtent, batch: batch,
                threads: threads, precision: encoder.precision)
        } catch {
            throw ModelError(path: encoder.folder, message: "the network cannot run here: \(error.message)")
        }
    }

    /// How many clips at once are fastest. A clip's Gaussian is the same alone and in any batch.
    var favouredBatch: Int { single.favouredBatch }

    /// One Gaussian per clip, in order; any number of clips.
    func encode(_ clips: [Clip]) throws(ModelError) -> [Gaussian] {
        let batch = favouredBatch
        var gaussians: [Gaussian] = []
        gaussians.reserveCapacity(clips.count)
        var rest = clips[...]
        while batch > 1, rest.count >= batch {
            gaussians += try run(wideProgram(batch), Array(rest.prefix(batch))).map(\.gaussian)
            rest = rest.dropFirst(batch)
        }
        for clip in rest { gaussians.append(try encodeWithFeature(clip).gaussian) }
        return gaussians
    }

    /// The same, with what each clip looks like.
    func encodeWithSignatures(_ clips: [Clip]) throws(ModelError) -> [EncodedClip] {
        zip(clips, try encode(clips)).map { EncodedClip($0, $1, encoder.configuration) }
    }

    private func wideProgram(_ batch: Int) throws(ModelError) -> InferenceProgram {
        if let wide { return wide }
        let made = try Self.program(encoder, batch: batch, threads: threads)
        wide = made
        return made
    }

    /// Also gives the feature (C) that the head read.
    package func encodeWithFeature(_ clip: Clip) throws(ModelError) -> (feature: [Float], gaussian: Gaussian)
    {
        try run(single, [clip])[0]
    }

    /// As many clips as the program takes.
    private func run(
        _ program: InferenceProgram, _ clips: [Clip]
    ) throws(ModelError) -> [(feature: [Float], gaussian: Gaussian)] {
        let clipBytes = program.inputBytes.count / program.batch
        for (number, clip) in clips.enumerated() {
            precondition(
                clip.frames.count == byteCount, "the clip was not read with this model's plan and geometry")
            normalizer.write(
                clip.frames,
                to: UnsafeMutableRawBufferPointer(
                    rebasing: program.inputBytes[number * clipBytes..<(number + 1) * clipBytes]))
        }
        let features: [Float]
        do throws(NetworkError) {
            features = try program.run()
        } catch {
            throw ModelError(path: encoder.folder, message: "the network failed: \(error.message)")
        }
        var results: [(feature: [Float], gaussian: Gaussian)] = []
        for number in clips.indices {
            let width = program.featureChannels
            let feature = Array(features[number * width..<(number + 1) * width])
            guard let gaussian = feature.withUnsafeBufferPointer({ encoder.head.forward($0) }) else {
                throw ModelError(
                    path: encoder.folder, message: "the network produced a value that is not finite",
                    hint: "the weights are too large for this input; use another model")
            }
            results.append((feature, gaussian))
        }
        return results
    }
}
