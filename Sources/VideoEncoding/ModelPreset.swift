import NeuralNetwork
import VideoDecoding

/// The architectures that have a name.
public enum ModelPreset: Sendable, Hashable {
    /// SlowOnly-18 (Feichtenhofer et al. 2019) with `width` channels in the first stage: spatial kernels early,
    /// 3×3×3 late, no stride in time; 8 frames over 2 seconds.
    case slowOnly18(width: Int)
    /// torchvision's r3d_18, mc3_18 and r2plus1d_18 (Tran et al. 2018); 16 frames over 2 seconds.
    case r3d18
    case mc318
    case r2plus1d18

    /// The preset of that name, such as "slowonly18-w32" or "r3d_18".
    public init?(name: String) {
        switch name {
        case "slowonly18": self = .slowOnly18(width: 32)
        case "r3d_18": self = .r3d18
        case "mc3_18": self = .mc318
        case "r2plus1d_18": self = .r2plus1d18
        default:
            let prefix = "slowonly18-w"
            guard name.hasPrefix(prefix), let width = Int(name.dropFirst(prefix.count)),
                (1...512).contains(width)
            else { return nil }
            self = .slowOnly18(width: width)
        }
    }

    /// As `init(name:)` reads it.
    public var name: String {
        switch self {
        case .slowOnly18(let width): "slowonly18-w\(width)"
        case .r3d18: "r3d_18"
        case .mc318: "mc3_18"
        case .r2plus1d18: "r2plus1d_18"
        }
    }

    /// The network without its head.
    public var architecture: ResidualArchitecture {
        typealias Stage = ResidualArchitecture.Stage
        let one = Extent3D(1, 1, 1)
        let spatialStride = Extent3D(1, 2, 2)
        let cube = Extent3D(3, 3, 3)
        let square = Extent3D(1, 3, 3)
        func stem(_ channels: Int, time: Int) -> ResidualArchitecture.StemConvolution {
            .init(
                channels: channels, kernel: Extent3D(time, 7, 7), stride: spatialStride,
                padding: Extent3D(time / 2, 3, 3))
        }
        switch self {
        case .slowOnly18(let width):
            return ResidualArchitecture(
                stem: [stem(width, time: 1)],
                pool: PoolingShape(kernel: square, stride: spatialStride, padding: Extent3D(0, 1, 1)),
                stages: [
                    Stage(blocks: 2, channels: width, kernel: square, stride: one),
                    Stage(blocks: 2, channels: 2 * width, kernel: square, stride: spatialStride),
                    Stage(blocks: 2, channels: 4 * width, kernel: cube, stride: spatialStride),
                    Stage(blocks: 2, channels: 8 * width, kernel: cube, stride: spatialStride),
                ])
        case .r3d18, .mc318, .r2plus1d18:
            let isMixed = self == .mc318
            let isFactorised = self == .r2plus1d18
            let layers =
                isFactorised
                ? [
                    stem(45, time: 1),
                    .init(channels: 64, kernel: Extent3D(3, 1, 1), stride: one, padding: Extent3D(1, 0, 0)),
                ] : [stem(64, time: 3)]
            let stages = [64, 128, 256, 512].enumerated().map { index, channels in
                Stage(
                    blocks: 2, channels: channels, kernel: isMixed && index > 0 ? square : cube,
                    stride: index == 0 ? one : (isMixed ? spatialStride : Extent3D(2, 2, 2)),
                    isFactorised: isFactorised)
            }
            return ResidualArchitecture(stem: layers, pool: nil, stages: stages)
        }
    }

    /// The configuration of a model of this preset.
    public func configuration(dimension: Int = 256) -> ModelConfiguration {
        switch self {
        case .slowOnly18:
            return ModelConfiguration(
                name: name, plan: ClipPlan(), geometry: FrameGeometry(width: 112, height: 112),
                normalization: InputNormalization(
                    mean: [0, 0, 0], standardDeviation: [1, 1, 1], isPerClip: true),
                architecture: architecture, dimension: dimension)
        case .r3d18, .mc318, .r2plus1d18:
            return ModelConfiguration(
                name: name, plan: ClipPlan(framesPerClip: 16, clipDuration: 2, clipStride: 2),
                geometry: FrameGeometry(
                    width: 112, height: 112, fit: .centerCrop(resizeWidth: 171, resizeHeight: 128)),
                normalization: InputNormalization(
                    mean: [0.43216, 0.394666, 0.37645], standardDeviation: [0.22803, 0.22145, 0.216989]),
                architecture: architecture, dimension: dimension)
        }
    }
}
