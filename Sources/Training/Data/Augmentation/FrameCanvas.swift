/// One frame being worked on: three planes of floats, 0…255, and scratch of the same size.
final class FrameCanvas {
    let width: Int
    let height: Int
    let planes: UnsafeMutablePointer<Float>
    let scratch: UnsafeMutablePointer<Float>

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        planes = .allocate(capacity: 3 * width * height)
        scratch = .allocate(capacity: 3 * width * height)
        planes.initialize(repeating: 0, count: 3 * width * height)
        scratch.initialize(repeating: 0, count: 3 * width * height)
    }

    deinit {
        planes.deallocate()
        scratch.deallocate()
    }

    var count: Int { width * height }

    func plane(_ channel: Int) -> UnsafeMutablePointer<Float> { planes + channel * count }

    func fill(_ gray: Float) { planes.update(repeating: gray, count: 3 * count) }

    func apply(_ transform: ColorTransform) {
        guard transform != .identity else { return }
        let (r, g, b) = (plane(0), plane(1), plane(2))
        let (toRed, toGreen, toBlue) = (transform.red, transform.green, transform.blue)
        let offset = transform.offset
        for i in 0..<count {
            let (x, y, z) = (r[i], g[i], b[i])
            r[i] = toRed.x * x + toRed.y * y + toRed.z * z + offset
            g[i] = toGreen.x * x + toGreen.y * y + toGreen.z * z + offset
            b[i] = toBlue.x * x + toBlue.y * y + toBlue.z * z + offset
        }
        clamp()
    }

    /// Brings every value into 0…255.
    func clamp() {
        for i in 0..<(3 * count) { planes[i] = max(0, min(255, planes[i])) }
    }

    /// Rounded to bytes, RGB interleaved, into `output` (height × width × 3). Values must be in 0…255.
    func store(_ output: UnsafeMutablePointer<UInt8>) {
        let (r, g, b) = (plane(0), plane(1), plane(2))
        // Beside 2²³ a float has no places after the point: the sum's last byte is the rounded value. A
        // conversion with its range check would not vectorise.
        let rounding: Float = 0x1p23
        for i in 0..<count {
            output[3 * i] = UInt8(truncatingIfNeeded: (r[i] + rounding).bitPattern)
            output[3 * i + 1] = UInt8(truncatingIfNeeded: (g[i] + rounding).bitPattern)
            output[3 * i + 2] = UInt8(truncatingIfNeeded: (b[i] + rounding).bitPattern)
        }
    }
}
