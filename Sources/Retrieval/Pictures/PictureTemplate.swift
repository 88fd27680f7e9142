import Base

extension PictureWarp {
    /// Where a still picture is looked for in every picture: as it is, as a part of a larger one, and within bars. Times mean nothing.
    static let ofStill: [PictureWarp] = [false, true].flatMap { isMirrored in
        [
            (1, 1), (0.9, 0.9), (0.8, 0.8), (0.7, 0.7), (0.6, 0.6), (1.15, 1.15), (1, 0.75), (0.75, 1),
            (0.56, 1),
        ].map {
            PictureWarp(
                time: 0, speed: 1, scaleX: $0, shiftX: 0, scaleY: $1, shiftY: 0, isMirrored: isMirrored)
        }
    }

    /// Moves by a step in each direction, for tuning.
    static func moves(by step: Double) -> [(PictureWarp) -> PictureWarp] {
        [step, -step].flatMap { step in
            [Number.scaleX, .shiftX, .scaleY, .shiftY].map { number in { $0.moved(number, by: step) } }
                + [{ $0.enlarged(by: 1 + step, about: .whole) }]
        }
    }
}

/// A picture as the 16 × 16 cells of a target would show it in one place, to be correlated with many pictures.
struct PictureTemplate: Sendable {
    private static let side = ClipSignature.side
    /// Grey levels of noise that a cell has in any case: plain pictures agree with nothing.
    private static let noise: Float = 1

    /// How much of each cell the picture covers.
    private let weights: [SIMD16<Float>]
    /// The picture less its mean, times the weights.
    private let values: [SIMD16<Float>]
    private let weight: Float
    /// The picture's deviation from its mean, with noise.
    private let length: Float

    /// - Parameter picture: 28 × 28 grey cells, row by row.
    init(_ picture: [Float], at place: PictureWarp) {
        let (detail, side) = (ClipSignature.detailSide, Self.side)
        let across = CellCover(place.scaleX, place.shiftX, isMirrored: place.isMirrored)
        let down = CellCover(place.scaleY, place.shiftY, isMirrored: false)
        var weights = [SIMD16<Float>](repeating: SIMD16(), count: side)
        var seen = weights
        for y in 0..<side where down.share[y] > 0 {
            var line = [Float](repeating: 0, count: detail)
            for (row, part) in down.parts[y] {
                for x in 0..<detail { line[x] += part * picture[row * detail + x] }
            }
            for x in 0..<side where across.share[x] > 0 {
                weights[y][x] = across.share[x] * down.share[y]
                seen[y][x] = across.parts[x].reduce(0) { $0 + $1.part * line[$1.cell] }
            }
        }
        let weight = weights.reduce(0) { $0 + $1.sum() }
        let mean = zip(weights, seen).reduce(0) { $0 + ($1.0 * $1.1).sum() } / max(weight, 1e-6)
        let centred = seen.map { $0 - mean }
        self.weights = weights
        self.weight = weight
        values = zip(weights, centred).map { $0 * $1 }
        let energy = zip(values, centred).reduce(0) { $0 + ($1.0 * $1.1).sum() }
        length = max(energy, 0).squareRoot() + weight.squareRoot() * Self.noise
    }

    /// Correlation with a target's picture, its 16 rows from `first` on, over the cells that this one covers, −1…1.
    func correlation(_ rows: UnsafeBufferPointer<SIMD16<Float>>, from first: Int) -> Float {
        var (products, sums, squares) = (SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>())
        for y in 0..<Self.side {
            let row = rows[first + y]
            let weighted = weights[y] * row
            products += values[y] * row
            sums += weighted
            squares += weighted * row
        }
        let sum = sums.sum()
        let energy = max(0, squares.sum() - sum * sum / max(weight, 1e-6))
        return products.sum() / (length * (energy.squareRoot() + weight.squareRoot() * Self.noise))
    }
}

/// What each of 16 cells of a target shows of 28 cells of a picture along one axis.
private struct CellCover {
    /// How much of the cell is covered, 0…1.
    var share: [Float] = []
    /// Of what is covered: which cells of the picture, by how much.
    var parts: [[(cell: Int, part: Float)]] = []

    init(_ scale: Double, _ shift: Double, isMirrored: Bool) {
        let (side, detail) = (ClipSignature.side, ClipSignature.detailSide)
        for cell in 0..<side {
            func own(_ border: Int) -> Double {
                ((2 * Double(border) / Double(side) - 1 - shift) / scale + 1) / 2 * Double(detail)
            }
            let (from, to) = (own(cell), own(cell + 1))
            let (first, last) = isMirrored ? (Double(detail) - to, Double(detail) - from) : (from, to)
            let (low, high) = (max(first, 0), min(last, Double(detail)))
            guard high - low > 1e-9 else {
                share.append(0)
                parts.append([])
                continue
            }
            share.append(Float((high - low) / (last - first)))
            parts.append(
                (Int(low)..<min(detail, Int(high.rounded(.up)))).map {
                    ($0, Float((min(high, Double($0 + 1)) - max(low, Double($0))) / (high - low)))
                })
        }
    }
}
