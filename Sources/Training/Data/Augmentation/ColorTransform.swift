/// Brightness, contrast, saturation and hue as one affine map of RGB (0…255), clamped once at its end.
///
/// In this order: brightness scales; contrast blends with the clip's mean grey; saturation blends with each
/// pixel's grey (Rec. 601 luma); hue turns the chrominance plane of YIQ. Grey is saturation 0.
struct ColorTransform: Equatable, Sendable {
    /// Rows: the coefficients of R, G, B for each output channel.
    var red = SIMD3<Float>(1, 0, 0)
    var green = SIMD3<Float>(0, 1, 0)
    var blue = SIMD3<Float>(0, 0, 1)
    /// Added to every channel.
    var offset: Float = 0

    static let identity = ColorTransform()
    static let luma = SIMD3<Double>(0.299, 0.587, 0.114)

    /// - Parameter meanGray: the mean luma of the clip before any change.
    init(_ recipe: ClipRecipe, meanGray: Double) {
        guard
            recipe.brightness != 1 || recipe.contrast != 1 || recipe.saturation != 1 || recipe.hue != 0
        else { return }
        let gain = recipe.brightness * recipe.contrast
        offset = Float((1 - recipe.contrast) * meanGray * recipe.brightness)
        let turn = Self.hueRotation(recipe.hue)
        func row(_ output: Int) -> SIMD3<Float> {
            // turn · saturation; both keep greys, so the offset passes through unchanged.
            var result = SIMD3<Double>(repeating: 0)
            for middle in 0..<3 {
                var saturated = (1 - recipe.saturation) * Self.luma
                saturated[middle] += recipe.saturation
                result += turn[output][middle] * saturated
            }
            return SIMD3<Float>(gain * result)
        }
        red = row(0)
        green = row(1)
        blue = row(2)
    }

    private init() {}

    /// YIQ⁻¹ · rotation · YIQ.
    private static func hueRotation(_ turns: Double) -> [SIMD3<Double>] {
        let (c, s) = (cosine(2 * .pi * turns), sine(2 * .pi * turns))
        let inPhase = SIMD3<Double>(0.595716, -0.274453, -0.321263)
        let quadrature = SIMD3<Double>(0.211456, -0.522591, 0.311135)
        let newI = c * inPhase - s * quadrature
        let newQ = s * inPhase + c * quadrature
        return [(0.9563, 0.6210), (-0.2721, -0.6474), (-1.1070, 1.7046)].map { i, q in
            luma + i * newI + q * newQ
        }
    }
}
