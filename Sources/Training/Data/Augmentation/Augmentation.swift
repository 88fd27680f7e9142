/// What is done to the pixels of a clip; every part can be switched off. All frames of a clip get the same
/// draw, except that the crop may travel from one place to another.
public struct Augmentation: Codable, Sendable, Equatable {
    /// Random resized crop; off takes the whole frame.
    public var crops = true
    /// Smallest part of the frame's area that a crop keeps.
    public var smallestCrop: Double = 0.35
    /// Largest part of the frame's area that a crop keeps.
    public var largestCrop: Double = 1
    /// A crop's aspect ratio is between 1/stretch and stretch times the frame's.
    public var cropStretch: Double = 4.0 / 3
    /// How far a crop may travel over a clip, as a part of the room it has; 0 keeps it still.
    public var cropDrift: Double = 0.2
    /// Probability of mirroring left and right.
    public var flip: Double = 0.5
    /// Probability of the colour jitter.
    public var colorJitter: Double = 0.8
    /// Brightness times 1 − x … 1 + x.
    public var brightness: Double = 0.4
    /// Contrast times 1 − x … 1 + x.
    public var contrast: Double = 0.4
    /// Saturation times 1 − x … 1 + x.
    public var saturation: Double = 0.4
    /// Hue turned by −x … x full turns, at most ½.
    public var hue: Double = 0.1
    /// Probability of losing all colour.
    public var grayscale: Double = 0.2
    /// Probability of a Gaussian blur.
    public var blur: Double = 0
    /// Largest standard deviation of the blur in pixels; the smallest is 0.1.
    public var blurSigma: Double = 2
    /// Probability, for each of the effects that copies of videos show, that a clip has it: bars above and
    /// below or at the sides, a logo, lost resolution, compression blocks, noise. 0 is off.
    public var copies: Double = 0
    /// A still picture becomes a video by a crop of between these parts of its sides that travels.
    public var stillCropSides: ClosedRange<Double> { 0.3...0.8 }

    /// All defaults.
    public init() {}

    func validate() throws(TrainingError) {
        try require(smallestCrop, in: 0.01...1, "augmentation.smallest_crop")
        try require(largestCrop, in: smallestCrop...1, "augmentation.largest_crop")
        try require(cropStretch, in: 1...4, "augmentation.crop_stretch")
        try require(cropDrift, in: 0...1, "augmentation.crop_drift")
        try require(flip, in: 0...1, "augmentation.flip")
        try require(colorJitter, in: 0...1, "augmentation.color_jitter")
        try require(brightness, in: 0...1, "augmentation.brightness")
        try require(contrast, in: 0...1, "augmentation.contrast")
        try require(saturation, in: 0...1, "augmentation.saturation")
        try require(hue, in: 0...0.5, "augmentation.hue")
        try require(grayscale, in: 0...1, "augmentation.grayscale")
        try require(blur, in: 0...1, "augmentation.blur")
        try require(blurSigma, in: 0.1...20, "augmentation.blur_sigma")
        try require(copies, in: 0...1, "augmentation.copies")
    }
}
