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

    /// The numbers that a search may change, in turn.
    static let places: [WritableKeyPath<PictureWarp, Double> & Sendable] = [
        \.time, \.scaleX, \.shiftX, \.scaleY, \.shiftY, \.speed,
    ]

    /// Whether scales and speed are such as a copy may have.
    var isPlausible: Bool {
        (0.45...2.2).contains(scaleX) && (0.45...2.2).contains(scaleY) && (0.45...2.2).contains(speed)
            && (0.5...2).contains(scaleX / scaleY)
    }
}

/// One axis of a warp: which cells of the target make up each cell of the query, with weights.
struct AxisWarp {
    static let taps = 4
    /// The first of `taps` cells, for each of 16.
    private(set) var first = InlineArray<16, Int>(repeating: 0)
    /// `taps` weights for each of 16 cells.
    private(set) var weights = InlineArray<64, Float>(repeating: 0)
    /// 1 for cells whose middle lies in the target, else 0.
    private(set) var inside = SIMD16<Float>()

    init(scale: Double, shift: Double, isMirrored: Bool = false) {
        let side = Double(PictureTrack.side)
        // A cell covers `scale` cells of the target: four samples of it, each between two cells.
        let samples = scale > 1 ? 4 : 1
        for cell in 0..<PictureTrack.side {
            let own = (Double(cell) + 0.5) / side * 2 - 1
            let middle = isMirrored ? -own : own
            guard abs(scale * middle + shift) <= 1 else { continue }
            inside[cell] = 1
            func place(_ sample: Int) -> Double {
                let step = samples == 1 ? 0 : -0.375 + 0.25 * Double(sample)
                return min(
                    max((scale * (middle + 2 * step / side) + shift + 1) / 2 * side - 0.5, 0), side - 1)
            }
            let start = min(Int(place(0)), PictureTrack.side - Self.taps)
            first[cell] = start
            for sample in 0..<samples {
                let place = place(sample)
                let low = Int(place)
                let share = Float(place - Double(low))
                weights[Self.taps * cell + min(low - start, Self.taps - 1)] += (1 - share) / Float(samples)
                weights[Self.taps * cell + min(low + 1 - start, Self.taps - 1)] += share / Float(samples)
            }
        }
    }

    /// Sums of rows (or columns), one for each cell that lies in the target; the others are left as they are.
    @inline(__always)
    func sums(of lines: UnsafePointer<SIMD16<Float>>, into result: UnsafeMutablePointer<SIMD16<Float>>) {
        for cell in 0..<PictureTrack.side where inside[cell] > 0 {
            let line = lines + first[cell]
            let weight = Self.taps * cell
            result[cell] =
                weights[weight] * line[0] + weights[weight + 1] * line[1] + weights[weight + 2] * line[2]
                + weights[weight + 3] * line[3]
        }
    }
}
