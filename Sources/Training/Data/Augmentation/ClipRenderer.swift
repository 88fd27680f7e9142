import Distributions

/// Draws augmented clips; owns the scratch memory of one thread.
package final class ClipRenderer {
    private let canvas: FrameCanvas
    private let resampler: Resampler

    package init(width: Int, height: Int) {
        canvas = FrameCanvas(width: width, height: height)
        resampler = Resampler(width: width)
    }

    /// Bytes of one drawn frame.
    package var frameBytes: Int { canvas.count * 3 }

    /// Draws the frames of `video` at `indices` with the draws that `key` stands for.
    /// - Parameter output: frames × height × width × 3 bytes.
    package func draw(
        _ video: CachedVideo, indices: [Int], augmentation: Augmentation, key: UInt64,
        into output: UnsafeMutablePointer<UInt8>
    ) {
        draw(video, indices, ClipRecipe(augmentation, isStill: video.isStill, key: key), output)
    }

    func draw(
        _ video: CachedVideo, _ indices: [Int], _ recipe: ClipRecipe, _ output: UnsafeMutablePointer<UInt8>
    ) {
        guard let first = indices.first else { return }
        let gray = recipe.contrast == 1 ? 0 : Self.meanGray(video, frame: first)
        let color = ColorTransform(recipe, meanGray: gray)
        let kernel = recipe.blurSigma > 0 ? FrameCanvas.gaussianKernel(sigma: recipe.blurSigma) : []
        var noise = SeededGenerator(seed: recipe.noiseSeed)
        for (place, index) in indices.enumerated() {
            let part = indices.count > 1 ? Double(place) / Double(indices.count - 1) : 0
            var target = UnitRectangle.whole
            if case .bars(let picture, let barGray)? = recipe.effects.first {
                target = picture
                canvas.fill(barGray)
            }
            video.withFrame(index) { source in
                resampler.draw(
                    source: source, width: video.width, height: video.height,
                    crop: recipe.firstCrop.moved(to: recipe.lastCrop, by: part), isFlipped: recipe.isFlipped,
                    onto: canvas, target: target)
            }
            canvas.apply(color)
            if !kernel.isEmpty { canvas.blur(kernel: kernel) }
            for effect in recipe.effects { canvas.apply(effect, noise: &noise) }
            canvas.store(output + place * frameBytes)
        }
    }

    /// The mean luma of a frame, over every fourth pixel of every fourth row.
    private static func meanGray(_ video: CachedVideo, frame: Int) -> Double {
        video.withFrame(frame) { pixels in
            var (sum, count) = (0.0, 0.0)
            for y in stride(from: 0, to: video.height, by: 4) {
                for x in stride(from: 0, to: video.width, by: 4) {
                    let pixel = pixels + (y * video.width + x) * 3
                    let rgb = SIMD3<Double>(Double(pixel[0]), Double(pixel[1]), Double(pixel[2]))
                    sum += (rgb * ColorTransform.luma).sum()
                    count += 1
                }
            }
            return sum / count
        }
    }
}
