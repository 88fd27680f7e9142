import Base
import CDistance
import Distributions
import Foundation
import Retrieval
import Testing

/// What agreement the same footage can have at best, seen in other cells or between moments, does not count against it.
@Suite struct AttainableTests {
    private static func agreement(_ query: MovingPictures, _ target: MovingPictures, at offset: Double = 0)
        throws
        -> Agreement
    {
        let segment = AlignedSegment(
            query: TimeRange(start: 0, stop: query.seconds),
            target: TimeRange(start: offset, stop: offset + query.seconds),
            distance: 0, partDistance: 0, speed: 1, evidence: 1, information: 1)
        return try #require(Verifier().agreement(query.track, target.track, along: segment))
    }

    /// Blobs as small as a cell, which the target's larger cells blur.
    @Test func enlargedPartsAgreeAsWellAsTheWhole() throws {
        var film = MovingPictures(seed: 0.4)
        film.sharpness = 4
        var part = film
        part.place = { (0.1 + 0.8 * $0, 0.1 + 0.8 * $1) }
        let found = try Self.agreement(part, film)
        #expect(found.change > 0.95 && found.detail > 0.85, "\(found)")
        let stranger = try Self.agreement(part, MovingPictures(seed: 3.3))
        #expect(stranger.change < 0.8, "\(stranger)")
    }

    @Test func momentsBetweenTwoAgreeAsWell() throws {
        var quick = MovingPictures(seed: 0.4)
        quick.time = { 2 * $0 }
        var between = quick
        between.seconds = 6
        between.time = { 2 * ($0 + 0.125) }
        let found = try Self.agreement(between, quick)
        #expect(found.change > 0.95, "\(found)")
    }

    /// A query's cell against its definition: of the target's cells, each the mean of what it covers.
    @Test(arguments: [
        (1.0, 0.0, false), (1.0, 0.0, true), (0.8, 0.1, false), (0.8, -0.2, true), (1.25, -0.05, true),
        (0.5, 0.4, true),
    ])
    func softenedCellsAreTheDefinition(scale: Double, shift: Double, mirrored: Bool) {
        let side = Int(MIXTAPE_SIDE)
        var (axis, softened) = (mixtape_axis(), mixtape_axis())
        mixtape_make_axis(scale, shift, mirrored ? 1 : 0, &axis)
        mixtape_soften_axis(scale, shift, mirrored ? 1 : 0, &axis, &softened)
        func floats<T>(_ value: T) -> [Float] {
            withUnsafeBytes(of: value) { Array($0.bindMemory(to: Float.self)) }
        }
        let (weights, result) = (floats(axis.weights), floats(softened.weights))
        #expect(floats(axis.inside) == floats(softened.inside))
        // Many points of each of the target's cells, each with the query's cell in which it lies.
        let points = 1000
        var means = [[Double]](repeating: [Double](repeating: 0, count: side), count: side)
        for cell in 0..<side {
            for point in 0..<points {
                let x = (Double(cell) + (Double(point) + 0.5) / Double(points)) / Double(side) * 2 - 1
                let own = ((x - shift) / scale * (mirrored ? -1 : 1) + 1) / 2 * Double(side)
                if (0..<Double(side)).contains(own) { means[cell][Int(own)] += 1 }
            }
            let sum = means[cell].reduce(0, +)
            if sum > 0 {
                means[cell] = means[cell].map { $0 / sum }
            } else {
                let x = (Double(cell) + 0.5) / Double(side) * 2 - 1
                means[cell][(x - shift) * (mirrored ? -1 : 1) < 0 ? 0 : side - 1] = 1
            }
        }
        for own in 0..<side {
            for cell in 0..<side {
                let expected = (0..<side).reduce(0) {
                    $0 + Double(weights[side * $1 + cell]) * means[$1][own]
                }
                #expect(abs(Double(result[side * own + cell]) - expected) < 0.003, "\(own) \(cell)")
            }
        }
    }
}
