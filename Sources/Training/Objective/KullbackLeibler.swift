/// KL(N(m, v) ‖ N(0, I)) = ½ Σ_d (v + m² − 1 − log v), for both videos of a pair: twice its mean over the
/// mixtures.
package enum KullbackLeibler {
    /// 2 · mean_i KL_i.
    package static func forward(_ moments: MixtureMoments, shape: ObjectiveShape) -> Double {
        var sum = 0.0
        for d in 0..<moments.mean.count {
            let mean = moments.mean[d]
            sum += moments.variance[d] + mean * mean - 1 - moments.logVariance[d]
        }
        return sum / Double(shape.mixtures)
    }

    /// ∂/∂m = 2m/M, ∂/∂v = (1 − 1/v)/M; both times `scale`.
    package static func backward(
        _ moments: MixtureMoments, scale: Double, shape: ObjectiveShape, into gradient: inout MomentGradient
    ) {
        let share = scale / Double(shape.mixtures)
        for d in 0..<moments.mean.count {
            gradient.mean[d] += share * 2 * moments.mean[d]
            gradient.variance[d] += share * (1 - 1 / moments.variance[d])
        }
    }
}
