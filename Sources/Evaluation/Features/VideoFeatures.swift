import Distributions

/// What a model makes of one video under a measurement's clips.
package struct VideoFeatures: Sendable, Equatable {
    /// Clips taken.
    package var clipCount: Int
    /// Mean over the clips of v_n, the backbone's feature (C), before the head.
    package var backbone: [Float]
    /// μ_V and σ²_V (paper eq. 3).
    package var moments: Moments
    /// HSV shares over the same frames; the same for every model with the same clips and frame size.
    package var histogram: [Float]

    package init(clipCount: Int, backbone: [Float], moments: Moments, histogram: [Float]) {
        self.clipCount = clipCount
        self.backbone = backbone
        self.moments = moments
        self.histogram = histogram
    }
}

/// What is left of a video as clips come in.
struct FeatureAccumulator {
    private var sum: [Double] = []
    private var gaussians: [Gaussian] = []

    mutating func add(feature: [Float], gaussian: Gaussian) {
        if sum.isEmpty { sum = [Double](repeating: 0, count: feature.count) }
        for index in feature.indices { sum[index] += Double(feature[index]) }
        gaussians.append(gaussian)
    }

    /// - Precondition: at least one clip was added.
    func features(histogram: [Float]) -> VideoFeatures {
        VideoFeatures(
            clipCount: gaussians.count, backbone: sum.map { Float($0 / Double(gaussians.count)) },
            moments: GaussianMixture(components: gaussians).moments(), histogram: histogram)
    }
}
