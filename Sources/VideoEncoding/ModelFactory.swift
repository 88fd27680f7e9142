import Base
import Glibc
import NeuralNetwork
import Tensors

/// Makes untrained models that can already tell videos apart: seeded weights, batch norms set from made-up clips.
public enum ModelFactory {
    /// Writes a new model into `folder`, which is made if need be; an existing model is an error.
    ///
    /// The same arguments give the same weights up to the rounding of the convolutions that calibrate the norms.
    ///
    /// - Parameters:
    ///   - seed: of all weights and clips.
    ///   - dimension: D, the width of the embedding.
    ///   - progress: gets shares of the work done, 0…1.
    @discardableResult
    public static func create(
        at folder: String, preset: ModelPreset, seed: UInt64 = 1, dimension: Int = 256, threads: Int = 1,
        replacing: Bool = false, progress: (Double) -> Void = { _ in }
    ) throws(ModelError) -> ModelConfiguration {
        try create(
            at: folder, configuration: preset.configuration(dimension: dimension), seed: seed,
            threads: threads,
            replacing: replacing, progress: progress)
    }

    /// As `create(at:preset:…)`, for any configuration.
    @discardableResult
    package static func create(
        at folder: String, configuration: ModelConfiguration, seed: UInt64, clipCount: Int = 64,
        threads: Int = 1,
        replacing: Bool = false, progress: (Double) -> Void = { _ in }
    ) throws(ModelError) -> ModelConfiguration {
        var configuration = configuration
        // What the reader would refuse is not written.
        _ = try ModelConfiguration(bytes: Array(configuration.text.utf8), path: "\(folder)/config.json")
        if !replacing, Path.exists("\(folder)/model.safetensors") {
            throw ModelError(
                path: folder, message: "holds a model already",
                hint: "choose another folder, or replace it with --replace")
        }
        do throws(SystemError) { try Folder.makeLast(folder) } catch {
            throw ModelError(path: folder, message: error.description)
        }
        let weights = try makeWeights(
            configuration, seed: seed, clipCount: clipCount, threads: threads, folder: folder,
            progress: progress)
        configuration.training = [
            "method": .string("none: seeded initialisation, batch norms calibrated on procedural clips"),
            "seed": .string(String(seed)), "calibration_clips": .number(clipCount),
        ]
        do throws(TensorFileError) {
            try SafetensorsWriter.write(weights.tensors, as: .float16, to: "\(folder)/model.safetensors")
        } catch {
            throw ModelError(path: error.path, message: error.message)
        }
        do throws(SystemError) {
            try AtomicFile.write(configuration.text, to: "\(folder)/config.json")
            try AtomicFile.write(card(configuration, seed: seed), to: "\(folder)/README.md")
        } catch {
            throw ModelError(path: folder, message: error.description)
        }
        return configuration
    }

    package static func makeWeights(
        _ configuration: ModelConfiguration, seed: UInt64, clipCount: Int, threads: Int, folder: String,
        progress: (Double) -> Void
    ) throws(ModelError) -> ModelWeights {
        var random = ModelRandom(seed: seed)
        let units = configuration.architecture.units
        // He et al. 2015: variance 2/fan-in keeps the scale behind a ReLU.
        var convolutions = units.map { unit in
            Initialisation.normal(unit.shape.weightShape, deviation: heDeviation(unit.shape), &random)
        }
        // The network's eyes: white noise would see mostly what the next re-encoding or blur destroys.
        convolutions[0] = Initialisation.smoothed(convolutions[0], deviation: heDeviation(units[0].shape))
        var source = ProceduralClips(extent: configuration.inputExtent, seed: random.next())
        let normalizer = ClipNormalizer(configuration.normalization, precision: .float32)
        var clips: [Tensor] = []
        for clip in 0..<clipCount {
            let frames = source.next()
            clips.append(
                Tensor(shape: [3] + configuration.inputExtent.values) {
                    (values: UnsafeMutableBufferPointer<Float>) in
                    normalizer.write(frames, to: UnsafeMutableRawBufferPointer(values))
                })
            progress(0.3 * Double(clip + 1) / Double(clipCount))
        }
        let norms: [BatchNormalization]
        do throws(NetworkError) {
            norms = try NormCalibration.run(
                configuration.architecture, convolutions: convolutions, clips: clips, threads: threads,
                progress: { progress(0.3 + 0.7 * $0) })
        } catch {
            throw ModelError(path: folder, message: "the network cannot run here: \(error.message)")
        }
        var tensors: [String: Tensor] = [:]
        for (index, unit) in units.enumerated() {
            tensors[unit.weightName] = convolutions[index]
            let norm = norms[index]
            tensors["\(unit.normName).weight"] = norm.weight
            tensors["\(unit.normName).bias"] = norm.bias
            tensors["\(unit.normName).running_mean"] = norm.runningMean
            tensors["\(unit.normName).running_var"] = norm.runningVariance
        }
        addHead(configuration, to: &tensors, &random)
        return ModelWeights(tensors: tensors)
    }

    private static func heDeviation(_ shape: ConvolutionShape) -> Double {
        (2 / Double(shape.inputChannels * shape.kernel.product)).squareRoot()
    }

    /// FC_μ is a rotation (a projection where D < C), which keeps the distances between features; FC_σ is its bias of
    /// −7, since an untrained network knows nothing of its certainty.
    private static func addHead(
        _ configuration: ModelConfiguration, to tensors: inout [String: Tensor], _ random: inout ModelRandom
    ) {
        let dimension = configuration.dimension
        let channels = configuration.featureChannels
        func constant(_ value: Float) -> Tensor {
            Tensor(shape: [dimension], values: [Float](repeating: value, count: dimension))
        }
        tensors["head.mean.weight"] = Initialisation.orthogonal(rows: dimension, columns: channels, &random)
        tensors["head.mean.bias"] = constant(0)
        tensors["head.norm.weight"] = constant(1)
        tensors["head.norm.bias"] = constant(0)
        tensors["head.log_variance.weight"] = Tensor(shape: [dimension, channels])
        tensors["head.log_variance.bias"] = constant(-7)
    }
}
