extension FrameCanvas {
    /// Gaussian blur, separable, edges repeated, cut off at three standard deviations.
    func blur(kernel: [Float]) {
        let radius = kernel.count / 2
        guard radius > 0 else { return }
        kernel.withUnsafeBufferPointer { weights in
            for channel in 0..<3 {
                // Down the columns: whole rows are added, which vectorises.
                let (input, output) = (plane(channel), scratch + channel * count)
                for y in 0..<height {
                    let target = output + y * width
                    target.update(repeating: 0, count: width)
                    for offset in -radius...radius {
                        let row = input + min(max(y + offset, 0), height - 1) * width
                        let w = weights[offset + radius]
                        for x in 0..<width { target[x] += w * row[x] }
                    }
                }
                for y in 0..<height { blurRow(output + y * width, into: input + y * width, weights, radius) }
            }
        }
    }

    private func blurRow(
        _ input: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>,
        _ weights: UnsafeBufferPointer<Float>, _ radius: Int
    ) {
        output.update(repeating: 0, count: width)
        for offset in -radius...radius {
            let w = weights[offset + radius]
            // The middle, where x + offset is inside, vectorises; the ends repeat the edge.
            let first = min(width, max(0, -offset))
            let last = max(first, min(width, width - offset))
            for x in 0..<first { output[x] += w * input[0] }
            for x in first..<last { output[x] += w * input[x + offset] }
            for x in last..<width { output[x] += w * input[width - 1] }
        }
    }

    /// 2·⌈3σ⌉ + 1 weights that sum to 1.
    static func gaussianKernel(sigma: Double) -> [Float] {
        let radius = Int((3 * sigma).rounded(.up))
        let raw = (-radius...radius).map { exponential(-Double($0 * $0) / (2 * sigma * sigma)) }
        let sum = raw.reduce(0, +)
        return raw.map { Float($0 / sum) }
    }
}
