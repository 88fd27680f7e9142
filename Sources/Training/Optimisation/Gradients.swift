/// What is done to all gradients at once.
public enum Gradients {
    /// Sets every gradient to zero, those of frozen parameters too.
    public static func clear(_ parameters: [TrainableParameter]) {
        for parameter in parameters { parameter.gradient.update(repeating: 0) }
    }

    /// The L2 norm over all parameters that are not frozen, summed in double precision in a fixed order.
    public static func norm(_ parameters: [TrainableParameter]) -> Double {
        parameters.reduce(0) { $1.isFrozen ? $0 : $0 + squaredSum($1.gradient) }.squareRoot()
    }

    /// Scales all gradients by maximum / (norm + 1e-6) where the norm is larger than `maximum`, as PyTorch's
    /// `clip_grad_norm_`; returns the norm from before. A `maximum` of 0 does not clip.
    public static func clip(_ parameters: [TrainableParameter], maximum: Double) -> Double {
        let norm = norm(parameters)
        let factor = Float(maximum / (norm + 1e-6))
        guard maximum > 0, factor < 1 else { return norm }
        for parameter in parameters where !parameter.isFrozen {
            guard let g = parameter.gradient.baseAddress else { continue }
            for i in 0..<parameter.gradient.count { g[i] *= factor }
        }
        return norm
    }

    /// The first parameter that is not frozen and has a gradient that is not finite.
    public static func firstNonFinite(_ parameters: [TrainableParameter]) -> String? {
        parameters.first { parameter in
            !parameter.isFrozen && !squaredSum(parameter.gradient).isFinite
        }?.name
    }

    private static func squaredSum(_ values: UnsafeMutableBufferPointer<Float>) -> Double {
        guard let g = values.baseAddress else { return 0 }
        let blocks = values.count / 8
        var sums = SIMD8<Double>(repeating: 0)
        for block in 0..<blocks {
            let part = UnsafeRawPointer(g + block * 8).loadUnaligned(as: SIMD8<Float>.self)
            let wide = SIMD8<Double>(part)
            sums += wide * wide
        }
        var sum = sums.sum()
        for i in (blocks * 8)..<values.count { sum += Double(g[i]) * Double(g[i]) }
        return sum
    }
}
