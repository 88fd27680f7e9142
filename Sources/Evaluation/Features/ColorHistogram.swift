/// A joint histogram of hue, saturation and value over all pixels of all sampled frames: the baseline that knows
/// colours and nothing else.
///
/// 8 × 4 × 4 bins of equal width, hue over the whole circle; the bins of one video sum to 1. A pixel without a hue (grey)
/// counts as hue 0. Two videos compare by histogram intersection (Swain and Ballard 1991), as the distance
/// 1 − Σ min(a, b), which is half their L1 distance.
package struct ColorHistogram {
    package static let hueBins = 8
    package static let saturationBins = 4
    package static let valueBins = 4
    package static let binCount = hueBins * saturationBins * valueBins

    private var counts = [Int](repeating: 0, count: binCount)
    private var total = 0

    package init() {}

    /// Takes in pixels, 3 bytes of RGB each.
    package mutating func add(_ pixels: [UInt8]) {
        precondition(pixels.count % 3 == 0, "pixels have three bytes")
        pixels.withUnsafeBufferPointer { bytes in
            counts.withUnsafeMutableBufferPointer { counts in
                for start in stride(from: 0, to: bytes.count, by: 3) {
                    counts[Self.bin(bytes[start], bytes[start + 1], bytes[start + 2])] += 1
                }
            }
        }
        total += pixels.count / 3
    }

    /// The share of each bin, hue slowest; all zeros where nothing was taken in.
    package var shares: [Float] {
        counts.map { total > 0 ? Float(Double($0) / Double(total)) : 0 }
    }

    /// 1 − Σ min(a, b), in 0…1 for shares.
    package static func distance(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Double {
        precondition(a.count == b.count, "histograms differ in width")
        var common = 0.0
        for index in 0..<a.count { common += Double(min(a[index], b[index])) }
        return 1 - common
    }

    /// In whole numbers, so that no rounding decides between two bins.
    package static func bin(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int {
        let (r, g, b) = (Int(red), Int(green), Int(blue))
        let most = max(r, g, b)
        let span = most - min(r, g, b)
        let value = most * valueBins / 256
        guard span > 0 else { return value }
        let saturation = min(saturationBins - 1, span * saturationBins / most)
        // The hue in sixths of the circle, times span.
        let sixths: Int
        if most == r {
            sixths = g >= b ? g - b : g - b + 6 * span
        } else if most == g {
            sixths = b - r + 2 * span
        } else {
            sixths = r - g + 4 * span
        }
        let hue = min(hueBins - 1, sixths * hueBins / (6 * span))
        return (hue * saturationBins + saturation) * valueBins + value
    }
}
