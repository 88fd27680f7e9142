import Distributions

/// What happens to a video on its way through the world.
extension FrameCanvas {
    /// Bars are drawn by the resampler; everything else here.
    func apply(_ effect: CopyEffect, noise: inout SeededGenerator) {
        switch effect {
        case .bars: break
        case .logo(let place, let color, let opacity, let isRound):
            overlay(place, color: color, opacity: opacity, isRound: isRound)
        case .lostResolution(let factor): loseResolution(factor: factor)
        case .blocks(let step): quantiseBlocks(step: step)
        case .noise(let amplitude): addNoise(amplitude, &noise)
        }
    }

    private func overlay(_ place: UnitRectangle, color: SIMD3<Float>, opacity: Float, isRound: Bool) {
        let left = max(0, Int(place.x * Double(width)))
        let right = min(width, Int((place.x + place.width) * Double(width)))
        let top = max(0, Int(place.y * Double(height)))
        let bottom = min(height, Int((place.y + place.height) * Double(height)))
        guard left < right, top < bottom else { return }
        let (midX, midY) = (Float(left + right) / 2, Float(top + bottom) / 2)
        let (radiusX, radiusY) = (Float(right - left) / 2, Float(bottom - top) / 2)
        for y in top..<bottom {
            let v = (Float(y) + 0.5 - midY) / radiusY
            for x in left..<right {
                let u = (Float(x) + 0.5 - midX) / radiusX
                if isRound && u * u + v * v > 1 { continue }
                for channel in 0..<3 {
                    let pixel = plane(channel) + y * width + x
                    pixel.pointee += opacity * (color[channel] - pixel.pointee)
                }
            }
        }
    }

    /// Mean over factor × factor squares, then bilinear back.
    private func loseResolution(factor: Int) {
        let (small, rows) = (max(1, width / factor), max(1, height / factor))
        let scale = 1 / Float(factor * factor)
        for channel in 0..<3 {
            let (input, output) = (plane(channel), scratch + channel * count)
            for y in 0..<rows {
                for x in 0..<small {
                    var sum: Float = 0
                    for v in 0..<factor {
                        for u in 0..<factor { sum += input[(y * factor + v) * width + x * factor + u] }
                    }
                    output[y * small + x] = sum * scale
                }
            }
            for y in 0..<height {
                let placeY = min(max((Float(y) + 0.5) / Float(factor) - 0.5, 0), Float(rows - 1))
                let upper = output + Int(placeY) * small
                let lower = output + min(Int(placeY) + 1, rows - 1) * small
                let shareY = placeY - Float(Int(placeY))
                for x in 0..<width {
                    let placeX = min(max((Float(x) + 0.5) / Float(factor) - 0.5, 0), Float(small - 1))
                    let (l, h) = (Int(placeX), min(Int(placeX) + 1, small - 1))
                    let shareX = placeX - Float(l)
                    let above = upper[l] + shareX * (upper[h] - upper[l])
                    let below = lower[l] + shareX * (lower[h] - lower[l])
                    input[y * width + x] = above + shareY * (below - above)
                }
            }
        }
    }

    private func addNoise(_ amplitude: Float, _ generator: inout SeededGenerator) {
        let scale = amplitude / 32_768
        let total = 3 * count
        var i = 0
        while i < total {
            var bits = generator.next()
            for place in i..<min(i + 4, total) {
                planes[place] += Float(Int16(truncatingIfNeeded: bits)) * scale
                bits >>= 16
            }
            i += 4
        }
        clamp()
    }

    /// As strong JPEG or MPEG intra coding: the 8 × 8 cosine transform, each coefficient rounded to a
    /// multiple of a step that grows with its frequency. What is left beyond whole blocks stays as it is.
    private func quantiseBlocks(step: Float) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 128) { memory in
            guard let block = memory.baseAddress else { return }
            let middle = block + 64
            CosineTransform.table.withUnsafeBufferPointer { table in
                guard let basis = table.baseAddress else { return }
                for channel in 0..<3 {
                    for top in stride(from: 0, through: height - 8, by: 8) {
                        for left in stride(from: 0, through: width - 8, by: 8) {
                            let corner = plane(channel) + top * width + left
                            for y in 0..<8 { (block + 8 * y).update(from: corner + y * width, count: 8) }
                            CosineTransform.forward(block, middle, basis)
                            for v in 0..<8 {
                                for u in 0..<8 {
                                    let size = step * (1 + 0.5 * Float(u + v))
                                    block[8 * v + u] = (block[8 * v + u] / size).rounded() * size
                                }
                            }
                            CosineTransform.inverse(block, middle, basis)
                            for y in 0..<8 { (corner + y * width).update(from: block + 8 * y, count: 8) }
                        }
                    }
                }
            }
        }
        clamp()
    }
}

/// The orthonormal cosine transform (DCT-II) of 8 × 8 numbers, in place.
enum CosineTransform {
    /// [frequency][place].
    static let table: [Float] = (0..<64).map { index in
        let (frequency, place) = (Double(index / 8), Double(index % 8))
        let scale = frequency == 0 ? (1.0 / 8).squareRoot() : 0.5
        return Float(scale * cosine(.pi * (2 * place + 1) * frequency / 16))
    }

    static func forward(
        _ block: UnsafeMutablePointer<Float>, _ middle: UnsafeMutablePointer<Float>,
        _ basis: UnsafePointer<Float>
    ) {
        // middle = basis · block; block = middle · basisᵀ
        for f in 0..<8 {
            var row = SIMD8<Float>(repeating: 0)
            for y in 0..<8 { row += basis[8 * f + y] * load(block + 8 * y) }
            store(row, middle + 8 * f)
        }
        for v in 0..<8 {
            let row = load(middle + 8 * v)
            for f in 0..<8 { block[8 * v + f] = (row * load(basis + 8 * f)).sum() }
        }
    }

    static func inverse(
        _ block: UnsafeMutablePointer<Float>, _ middle: UnsafeMutablePointer<Float>,
        _ basis: UnsafePointer<Float>
    ) {
        // middle = basisᵀ · block; block = middle · basis
        for y in 0..<8 {
            var row = SIMD8<Float>(repeating: 0)
            for f in 0..<8 { row += basis[8 * f + y] * load(block + 8 * f) }
            store(row, middle + 8 * y)
        }
        for y in 0..<8 {
            var row = SIMD8<Float>(repeating: 0)
            for f in 0..<8 { row += middle[8 * y + f] * load(basis + 8 * f) }
            store(row, block + 8 * y)
        }
    }

    @inline(__always)
    private static func load(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
    }

    @inline(__always)
    private static func store(_ value: SIMD8<Float>, _ pointer: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD8<Float>.self)
    }
}
