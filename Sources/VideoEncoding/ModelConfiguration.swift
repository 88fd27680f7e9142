import Base
import NeuralNetwork
import VideoDecoding

/// How the bytes of a clip become the network's input.
public struct InputNormalization: Sendable, Hashable {
    /// Per channel (red, green, blue), on values in 0…1: x ← (x − mean)/standardDeviation.
    public var mean: [Double]
    /// Per channel; see `mean`.
    public var standardDeviation: [Double]
    /// Whether each clip's own mean and standard deviation per channel are removed before.
    public var isPerClip: Bool

    /// By default centred on grey and scaled to about ±2.
    public init(
        mean: [Double] = [0.5, 0.5, 0.5], standardDeviation: [Double] = [0.25, 0.25, 0.25],
        isPerClip: Bool = false
    ) {
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.isPerClip = isPerClip
    }
}

/// `config.json` of a model folder.
public struct ModelConfiguration: Sendable {
    /// The newest format of the model folder that this software reads, and the one it writes.
    public static let format = 1

    /// For people; decides nothing.
    public var name: String
    /// How a video is cut into clips.
    public var plan: ClipPlan
    /// How a picture is brought to size.
    public var geometry: FrameGeometry
    /// How bytes become the input.
    public var normalization: InputNormalization
    /// The network up to global average pooling.
    public var architecture: ResidualArchitecture
    /// D, the width of the embedding.
    public var dimension: Int
    /// The bounds of log σ².
    public var logVarianceRange: ClosedRange<Double>
    /// How distances read as probabilities, where that was measured; whoever ranks compares the fingerprint.
    public var calibration: ScoreCalibration?
    /// How the model came about; free form.
    package var training: JSONValue
    /// Remarks; free form.
    package var notes: JSONValue?

    package init(
        name: String, plan: ClipPlan, geometry: FrameGeometry, normalization: InputNormalization,
        architecture: ResidualArchitecture, dimension: Int, logVarianceRange: ClosedRange<Double> = -10...4,
        calibration: ScoreCalibration? = nil, training: JSONValue = .object([]), notes: JSONValue? = nil
    ) {
        self.name = name
        self.plan = plan
        self.geometry = geometry
        self.normalization = normalization
        self.architecture = architecture
        self.dimension = dimension
        self.logVarianceRange = logVarianceRange
        self.calibration = calibration
        self.training = training
        self.notes = notes
    }

    /// Reads and checks `config.json`; each key must be known and in range.
    public init(path: String) throws(ModelError) {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileBytes.read(path, limit: 1 << 20)
        } catch {
            throw ModelError(
                path: path, message: error.description,
                hint: "a model folder holds config.json and model.safetensors")
        }
        try self.init(bytes: bytes, path: path)
    }

    /// C, the width of the feature that the head reads.
    public var featureChannels: Int { architecture.featureChannels }

    /// The extent of one clip as the network sees it.
    public var inputExtent: Extent3D { Extent3D(plan.framesPerClip, geometry.height, geometry.width) }
}
