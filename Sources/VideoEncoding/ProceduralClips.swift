import NeuralNetwork

/// The generator behind every random draw of a new model: SplitMix64 (Steele et al. 2014).
///
/// Its own, not a shared one: the same seed must make the same model for ever.
struct ModelRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// Uniform in [0, 1).
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

    mutating func integer(_ bound: Int) -> Int { min(bound - 1, Int(uniform() * Double(bound))) }

    /// Standard normal, by Irwin–Hall: twelve uniform draws. No logarithm or cosine, whose last bit differs between
    /// mathematics libraries.
    mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += uniform() }
        return sum
    }
}

/// Made-up clips with the statistics that matter to a convolution: edges, textures of several scales, flat areas, motion.
struct ProceduralClips {
    private var random: ModelRandom
    private let extent: Extent3D

    init(extent: Extent3D, seed: UInt64) {
        self.extent = extent
        random = ModelRandom(seed: seed)
    }

    private struct Shape {
        var isDisc: Bool
        var center: (x: Double, y: Double)
        var velocity: (x: Double, y: Double)
        var radius: (x: Double, y: Double)
        var color: SIMD3<Double>
    }

    /// Texture on a lattice of `cell` pixels, drifting.
    private struct Texture {
        var seed: UInt64
        var cell: Double
        var amplitude: SIMD3<Double>
        var velocity: (x: Double, y: Double)

        func value(_ x: Double, _ y: Double) -> Double {
            let column = x.rounded(.down)
            let row = y.rounded(.down)
            let (fx, fy) = (x - column, y - row)
            let (c, r) = (Int(column), Int(row))
            let top = lattice(c, r) * (1 - fx) + lattice(c + 1, r) * fx
            let bottom = lattice(c, r + 1) * (1 - fx) + lattice(c + 1, r + 1) * fx
            return top * (1 - fy) + bottom * fy
        }

        private func lattice(_ column: Int, _ row: Int) -> Double {
            var z = seed &+ UInt64(bitPattern: Int64(column)) &* 0x9E37_79B9_7F4A_7C15
            z ^= UInt64(bitPattern: Int64(row)) &* 0xC2B2_AE3D_27D4_EB4F
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return Double((z ^ z >> 31) >> 11) * 0x1p-52 - 1
        }
    }

    private mutating func color() -> SIMD3<Double> {
        SIMD3(random.uniform(), random.uniform(), random.uniform())
    }

    private mutating func velocity(_ most: Double) -> (x: Double, y: Double) {
        (random.uniform(-most, most), random.uniform(-most, most))
    }

    /// The next clip: T × H × W × 3 bytes.
    mutating func next() -> [UInt8] {
        let (width, height) = (Double(extent.width), Double(extent.height))
        let from = color()
        let to = color()
        // A gradient's direction and drift; then textures, bars and shapes upon it.
        let slope = velocity(1)
        let drift = random.uniform(-0.08, 0.08)
        var textures: [Texture] = []
        for _ in 0..<random.integer(4) {
            let gray = random.uniform(0.02, 0.35)
            textures.append(
                Texture(
                    seed: random.next(), cell: 2 * Double(1 << random.integer(6)),
                    amplitude: gray * (0.6 + 0.8 * color()), velocity: velocity(3)))
        }
        let hasBars = random.uniform() < 0.3
        let bars = (
            period: random.uniform(4, 40), angle: velocity(1), speed: random.uniform(-3, 3),
            amplitude: random.uniform(0.05, 0.5)
        )
        var shapes: [Shape] = []
        for _ in 0..<random.integer(7) {
            shapes.append(
                Shape(
                    isDisc: random.uniform() < 0.5,
                    center: (random.uniform(0, width), random.uniform(0, height)),
                    velocity: velocity(6),
                    radius: (random.uniform(3, width / 3), random.uniform(3, height / 3)), color: color()))
        }
        let exposure = random.uniform(0.4, 1.1)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(extent.product * 3)
        for frame in 0..<extent.time {
            let time = Double(frame)
            for row in 0..<extent.height {
                for column in 0..<extent.width {
                    let (x, y) = (Double(column), Double(row))
                    let along =
                        0.5 + 0.5 * (slope.x * (x / width - 0.5) + slope.y * (y / height - 0.5)) + drift
                        * time
                    let mix = min(max(along, 0), 1)
                    var pixel = from * (1 - mix) + to * mix
                    for shape in shapes {
                        let dx = (x - shape.center.x - shape.velocity.x * time) / shape.radius.x
                        let dy = (y - shape.center.y - shape.velocity.y * time) / shape.radius.y
                        let isInside = shape.isDisc ? dx * dx + dy * dy < 1 : max(abs(dx), abs(dy)) < 1
                        if isInside { pixel = shape.color }
                    }
                    if hasBars {
                        let phase = (x * bars.angle.x + y * bars.angle.y + bars.speed * time) / bars.period
                        let sign = phase - phase.rounded(.down) < 0.5 ? bars.amplitude : -bars.amplitude
                        pixel += sign
                    }
                    for texture in textures {
                        let value = texture.value(
                            (x + texture.velocity.x * time) / texture.cell,
                            (y + texture.velocity.y * time) / texture.cell)
                        pixel += texture.amplitude * value
                    }
                    let byte = (pixel * exposure).clamped(lowerBound: .zero, upperBound: .one) * 255
                    for channel in 0..<3 { bytes.append(UInt8(byte[channel] + 0.5)) }
                }
            }
        }
        return bytes
    }
}
