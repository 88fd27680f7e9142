/// How the times and the pictures of a query lie in those of a target.
struct PictureWarp: Sendable, Equatable {
    /// The target's time at the middle of the compared part of the query, seconds.
    var time: Double
    /// Seconds of the target that pass in a second of the query.
    var speed: Double
    /// Where the query's picture lies in the target's: x of the target = shift + scale · x of the query, both from −1 to 1.
    var scaleX: Double
    var shiftX: Double
    var scaleY: Double
    var shiftY: Double
    /// Whether left and right of the query change places first.
    var isMirrored: Bool
    /// The scale across by the one down at which things keep their shape, where the two pictures have different ones; else nil.
    var cut: Double?

    /// What a search may change, in turn.
    enum Number: CaseIterable { case time, scaleX, shiftX, scaleY, shiftY, speed }

    /// With one number larger by a step.
    func moved(_ number: Number, by step: Double) -> PictureWarp {
        var warp = self
        switch number {
        case .time: warp.time += step
        case .scaleX: warp.scaleX += step
        case .shiftX: warp.shiftX += step
        case .scaleY: warp.scaleY += step
        case .shiftY: warp.shiftY += step
        case .speed: warp.speed += step
        }
        return warp
    }

    /// Whether scales and speed are such as a copy may have. One that was cut to another shape may be a small part.
    var isPlausible: Bool {
        guard (0.45...2.2).contains(speed) else { return false }
        if (0.45...2.2).contains(scaleX) && (0.45...2.2).contains(scaleY)
            && (0.5...2).contains(scaleX / scaleY)
        {
            return true
        }
        guard let cut else { return false }
        return (0.28...3.5).contains(scaleX) && (0.28...3.5).contains(scaleY)
            && (0.8...1.25).contains(scaleX / scaleY / cut)
    }

    /// With the query's picture larger or smaller about the middle of a part of the target.
    func enlarged(by zoom: Double, about target: PictureBox) -> PictureWarp {
        var warp = self
        warp.scaleX *= zoom
        warp.scaleY *= zoom
        warp.shiftX = target.x + zoom * (shiftX - target.x)
        warp.shiftY = target.y + zoom * (shiftY - target.y)
        return warp
    }
}
