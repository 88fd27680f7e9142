import Base
import Distributions
import Foundation
import Retrieval
import Testing

/// Made-up films before one still background: what moves differs, or is the same and altered.
@Suite struct VerifierTests {
    private static var film: MovingPictures { MovingPictures(seed: 0.4) }

    private static func agreement(_ altered: MovingPictures, at offset: Double = 0, speed: Double = 1) throws
        -> Agreement
    {
        let length = altered.seconds
        let segment = AlignedSegment(
            query: TimeRange(start: 0, stop: length),
            target: TimeRange(start: offset, stop: offset + speed * length),
            distance: 0, partDistance: 0, speed: speed, evidence: 1, information: 1)
        return try #require(Verifier().agreement(altered.track, film.track, along: segment))
    }

    @Test func alteredCopiesAgreeInTheirChanges() throws {
        var cases: [(name: String, film: MovingPictures)] = []
        func add(_ name: String, _ change: (inout MovingPictures) -> Void) {
            var film = Self.film
            change(&film)
            cases.append((name, film))
        }
        add("the same") { _ in }
        add("darker, with less contrast") { $0.level = { 0.6 * $0 + 10 } }
        add("mirrored") { $0.place = { (1 - $0, $1) } }
        add("the middle 80 %") { $0.place = { (0.1 + 0.8 * $0, 0.1 + 0.8 * $1) } }
        add("letterboxed") { $0.place = { ($0, ($1 - 0.15) / 0.7) } }
        add("mirrored and cropped") { $0.place = { (0.95 - 0.85 * $0, 0.05 + 0.85 * $1) } }
        for (name, film) in cases {
            let found = try Self.agreement(film)
            #expect(found.change > 0.9 && found.steps > 0.8, "\(name): \(found)")
        }
    }

    @Test func timesNeedNotBeExact() throws {
        var late = Self.film
        late.seconds = 4
        late.time = { $0 + 2.6 }
        #expect(try Self.agreement(late, at: 2.2).change > 0.9)
        var fast = Self.film
        fast.seconds = 6
        fast.time = { 1.25 * $0 }
        #expect(try Self.agreement(fast, speed: 1.25).change > 0.9)
    }

    /// The wall agrees, and all else does not.
    @Test(arguments: [1.9, 3.3, 5.0]) func otherFilmsBeforeTheSameWallDoNot(seed: Double) throws {
        let found = try Self.agreement(MovingPictures(seed: seed))
        #expect(found.change < 0.75, "\(found)")
    }

    @Test func whereNothingMovesThereIsNoMotionToAgreeIn() throws {
        var still = Self.film
        still.time = { _ in 1 }
        let segment = AlignedSegment(
            query: TimeRange(start: 0, stop: 8), target: TimeRange(start: 0, stop: 8), distance: 0,
            partDistance: 0,
            speed: 1, evidence: 1, information: 1)
        let found = try #require(Verifier().agreement(still.track, still.track, along: segment))
        #expect(found.motion < 0.01 && found.detail > 0.99)
    }

    @Test func tooFewPicturesSayNothing() {
        let track = Self.film.track
        let segment = AlignedSegment(
            query: TimeRange(start: 0, stop: 0.4), target: TimeRange(start: 0, stop: 0.4), distance: 0,
            partDistance: 0, speed: 1, evidence: 1, information: 1)
        #expect(Verifier().agreement(track, track, along: segment) == nil)
        #expect(PictureTrack(intervals: [], signatures: []) == nil)
    }
}
