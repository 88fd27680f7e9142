/// A part of a picture, in shares of its width and height; the picture as it is shown, upright.
public struct PictureRegion: Sendable, Hashable {
    /// Of the left edge, 0…1.
    public var x: Double
    /// Of the top edge, 0…1.
    public var y: Double
    /// Above 0; x + width is 1 at most.
    public var width: Double
    /// Above 0; y + height is 1 at most.
    public var height: Double

    /// All of the picture.
    public static let whole = PictureRegion(x: 0, y: 0, width: 1, height: 1)

    /// A part of a picture.
    public init(x: Double, y: Double, width: Double, height: Double) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// Nil where the numbers are not four, or name no part of a picture.
    package init?(json: JSONValue) {
        guard let numbers = json.arrayValue?.compactMap(\.doubleValue), numbers.count == 4,
            numbers.allSatisfy(\.isFinite)
        else { return nil }
        self.init(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
        guard x >= 0, y >= 0, width > 0, height > 0, x + width <= 1 + 1e-9, y + height <= 1 + 1e-9 else {
            return nil
        }
    }

    /// [x, y, width, height].
    package var json: JSONValue { .array([x, y, width, height].map { .number($0) }) }
}

/// A way of looking at a video: a part of its picture, turned, or with dark and light exchanged.
public struct PictureView: Sendable, Hashable {
    /// The part, before it is turned.
    public var region: PictureRegion
    /// Clockwise turns by 90°, 0…3.
    public var quarterTurns: Int
    /// Whether every colour becomes its opposite.
    public var isInverted: Bool

    /// Ways of looking at a video together, at most.
    package static let most = 32

    /// The whole picture as it is.
    public static let plain = PictureView()

    /// A way of looking at a video.
    public init(region: PictureRegion = .whole, quarterTurns: Int = 0, isInverted: Bool = false) {
        precondition((0...3).contains(quarterTurns))
        self.region = region
        self.quarterTurns = quarterTurns
        self.isInverted = isInverted
    }

    /// Nil where the value names none.
    package init?(json: JSONValue) {
        guard let region = json["region"].flatMap(PictureRegion.init(json:)),
            let turns = json["turns"]?.intValue, (0...3).contains(turns),
            let isInverted = json["inverted"]?.boolValue
        else { return nil }
        self.init(region: region, quarterTurns: turns, isInverted: isInverted)
    }

    /// As a worker is asked for it.
    package var json: JSONValue {
        ["region": region.json, "turns": .number(quarterTurns), "inverted": .bool(isInverted)]
    }
}
