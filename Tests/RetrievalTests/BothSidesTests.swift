import Base
import Distributions
import Retrieval
import Testing

/// What was found from both sides counts as the mean of both.
@Suite struct BothSidesTests {
    @Test func theMeanLiesBetween() {
        var found = Agreement(change: 0.95, steps: 0.9, detail: 1, motion: 11, pictures: 8, speed: 1.25)
        found.common.change = 0.2
        let reversed = Agreement(change: 0.7, steps: -0.2, detail: 1, motion: 9, pictures: 7, speed: 0.5)
        let mean = found.mean(withReversed: reversed)
        #expect(
            mean.change > 0.7 && mean.change < 0.95 && mean.change > 0.85, "as Fisher's transformation has it"
        )
        #expect(mean.steps > -0.2 && mean.steps < 0.9)
        #expect(mean.detail > 0.99 && mean.detail <= 1)
        #expect(mean.motion == 9 && mean.pictures == 7 && mean.common == found.common)
        // 1.25 one way and, seen the other way round, 2.
        #expect(abs(mean.speed - 2.5.squareRoot()) < 1e-12)
        #expect(found.mean(withReversed: found).speed == 1)
    }

    /// Which of two videos is the query makes no difference then.
    @Test func bothWaysOfAskingAgree() throws {
        let film = MovingPictures(seed: 0.4)
        var part = film
        part.place = { (0.1 + 0.8 * $0, 0.1 + 0.8 * $1) }
        let segment = AlignedSegment(
            query: TimeRange(start: 0, stop: 8), target: TimeRange(start: 0, stop: 8), distance: 0,
            partDistance: 0, speed: 1, evidence: 1, information: 1)
        func mean(_ query: MovingPictures, _ target: MovingPictures) throws -> Agreement {
            let there = try #require(Verifier().agreement(query.track, target.track, along: segment))
            let back = try #require(
                Verifier().agreement(target.track, query.track, along: segment.reversed))
            return there.mean(withReversed: back)
        }
        let (one, other) = (try mean(part, film), try mean(film, part))
        #expect(abs(one.change - other.change) < 1e-9 && abs(one.speed * other.speed - 1) < 1e-9)
        #expect(one.change > 0.95)
    }
}
