import Distributions

/// A rectangle in parts of the frame, 0…1.
struct UnitRectangle: Equatable, Sendable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double
    static let whole = UnitRectangle(x: 0, y: 0, width: 1, height: 1)

    /// From `self` at 0 to `other` at 1.
    func moved(to other: UnitRectangle, by part: Double) -> UnitRectangle {
        UnitRectangle(
            x: x + (other.x - x) * part, y: y + (other.y - y) * part,
            width: width + (other.width - width) * part, height: height + (other.height - height) * part)
    }
}

/// What copies of videos show.
enum CopyEffect: Equatable, Sendable {
    /// The picture shrunk into this rectangle, the rest of one grey.
    case bars(UnitRectangle, gray: Float)
    /// A patch of one colour over a part of the picture.
    case logo(UnitRectangle, color: SIMD3<Float>, opacity: Float, isRound: Bool)
    /// Shrunk by a whole number and enlarged again.
    case lostResolution(factor: Int)
    /// 8 × 8 blocks, their cosine transform rounded to multiples of about this step.
    case blocks(step: Float)
    /// Uniform noise of this amplitude, new in each frame.
    case noise(amplitude: Float)
}

/// Everything that was drawn for the pixels of one clip.
///
/// Each family of draws has a generator of its own, so that switching one off changes nothing else.
struct ClipRecipe: Equatable, Sendable {
    var firstCrop = UnitRectangle.whole
    var lastCrop = UnitRectangle.whole
    var isFlipped = false
    var brightness = 1.0
    var contrast = 1.0
    var saturation = 1.0
    /// In full turns.
    var hue = 0.0
    /// 0 is no blur.
    var blurSigma = 0.0
    var effects: [CopyEffect] = []
    var noiseSeed: UInt64 = 0

    /// Draws for one clip; `key` stands for seed, step, video and clip.
    init(_ choice: Augmentation, isStill: Bool, key: UInt64) {
        drawCrop(choice, isStill: isStill, SeededGenerator(seed: RandomKey.mix(key, .crop)))
        drawColor(choice, SeededGenerator(seed: RandomKey.mix(key, .color)))
        var blurring = SeededGenerator(seed: RandomKey.mix(key, .blur))
        if blurring.chance(choice.blur) { blurSigma = blurring.uniform(0.1, choice.blurSigma) }
        noiseSeed = RandomKey.mix(key, .pixelNoise)
        if choice.copies > 0 {
            drawEffects(choice.copies, SeededGenerator(seed: RandomKey.mix(key, .copy)))
        }
    }

    private mutating func drawCrop(_ choice: Augmentation, isStill: Bool, _ start: SeededGenerator) {
        var generator = start
        isFlipped = generator.chance(choice.flip)
        func size() -> (Double, Double) {
            if isStill {
                let side = generator.uniform(
                    choice.stillCropSides.lowerBound, choice.stillCropSides.upperBound)
                return (side, side)
            }
            let area = generator.uniform(choice.smallestCrop, choice.largestCrop)
            let limit = logarithm(choice.cropStretch)
            let root = exponential(0.5 * generator.uniform(-limit, limit))
            return (min(1, area.squareRoot() * root), min(1, area.squareRoot() / root))
        }
        guard choice.crops || isStill else { return }
        let (width, height) = size()
        let (roomX, roomY) = (1 - width, 1 - height)
        let (x, y) = (generator.nextUniform() * roomX, generator.nextUniform() * roomY)
        firstCrop = UnitRectangle(x: x, y: y, width: width, height: height)
        // A still is a video only through the travel of its crop.
        let reach = isStill ? 1 : choice.cropDrift
        let toX = x + reach * (generator.nextUniform() * roomX - x)
        let toY = y + reach * (generator.nextUniform() * roomY - y)
        lastCrop = UnitRectangle(x: toX, y: toY, width: width, height: height)
        if isStill {
            let zoom = generator.uniform(0.8, 1)
            lastCrop.width *= zoom
            lastCrop.height *= zoom
        }
    }

    private mutating func drawColor(_ choice: Augmentation, _ start: SeededGenerator) {
        var generator = start
        let jitters = generator.chance(choice.colorJitter)
        let draws = (0..<4).map { _ in generator.uniform(-1, 1) }
        if jitters {
            brightness = 1 + draws[0] * choice.brightness
            contrast = 1 + draws[1] * choice.contrast
            saturation = 1 + draws[2] * choice.saturation
            hue = draws[3] * choice.hue
        }
        if generator.chance(choice.grayscale) { saturation = 0 }
    }

    private mutating func drawEffects(_ probability: Double, _ start: SeededGenerator) {
        var generator = start
        if generator.chance(probability) {
            let size = generator.uniform(0.55, 0.95)
            let isWide = generator.chance(0.5)
            let picture =
                isWide
                ? UnitRectangle(x: 0, y: (1 - size) / 2, width: 1, height: size)
                : UnitRectangle(x: (1 - size) / 2, y: 0, width: size, height: 1)
            let gray: Float = generator.chance(0.8) ? 0 : Float(generator.uniform(0, 255))
            effects.append(.bars(picture, gray: gray))
        }
        if generator.chance(probability) {
            effects.append(.lostResolution(factor: 2 + Int(generator.next() % 3)))
        }
        if generator.chance(probability) {
            let (width, height) = (generator.uniform(0.1, 0.35), generator.uniform(0.08, 0.25))
            let x = (generator.chance(0.5) ? 0.03 : 0.97 - width) + generator.uniform(-0.02, 0.02)
            let y = (generator.chance(0.5) ? 0.03 : 0.97 - height) + generator.uniform(-0.02, 0.02)
            let color = SIMD3<Float>(
                Float(generator.uniform(0, 255)), Float(generator.uniform(0, 255)),
                Float(generator.uniform(0, 255)))
            effects.append(
                .logo(
                    UnitRectangle(x: x, y: y, width: width, height: height), color: color,
                    opacity: Float(generator.uniform(0.4, 1)), isRound: generator.chance(0.3)))
        }
        if generator.chance(probability) {
            effects.append(.noise(amplitude: Float(generator.uniform(4, 24))))
        }
        if generator.chance(probability) { effects.append(.blocks(step: Float(generator.uniform(12, 60)))) }
    }
}

extension SeededGenerator {
    /// Draws even where the answer is certain, so that what follows does not move.
    mutating func chance(_ probability: Double) -> Bool { nextUniform() < probability }

    mutating func uniform(_ low: Double, _ high: Double) -> Double { low + (high - low) * nextUniform() }
}
