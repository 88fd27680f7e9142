import Base
import Distributions
import Foundation
import Indexing
import Retrieval
import Testing

/// A part that a query shares with one video is footage of it; one that many share is an opening.
@Suite struct CommonPartTests {
    private static var part: MovingPictures { MovingPictures(seed: 0.4, seconds: 4) }
    private static let partFilm = Film(seconds: 4, seed: 1)
    private static let others = 4

    /// A video of 12 s: the shared part where `sharesPart`, then pictures of its own.
    private struct Episode {
        var number: Int
        var sharesPart: Bool

        private var rest: MovingPictures { MovingPictures(seed: 2 + 1.3 * Double(number), seconds: 8) }
        private var start: MovingPictures {
            sharesPart ? part : MovingPictures(seed: 60 + 1.7 * Double(number), seconds: 4)
        }

        var intervals: [TimeRange] {
            (0..<6).map { TimeRange(start: 2 * Double($0), stop: 2 * Double($0 + 1)) }
        }
        var signatures: [ClipSignature] { start.signatures + rest.signatures }
        var gaussians: [Gaussian] {
            let opening = sharesPart ? partFilm : Film(seconds: 4, seed: UInt64(200 + number))
            return opening.track().gaussians
                + Film(seconds: 8, seed: UInt64(100 + number)).track().gaussians
        }
    }

    private func match(othersShare: Bool) throws -> Match {
        let films = try FilmIndex()
        for number in 1...Self.others {
            let episode = Episode(number: number, sharesPart: othersShare || number == 1)
            try films.index.store(
                FileIdentity(path: "/v/\(number).mp4", fingerprint: "\(number)", size: 1, modified: 1),
                facts: StreamFacts(
                    container: "mp4", codec: "h264", width: 56, height: 56, duration: 12, frameRate: 25),
                intervals: episode.intervals, mixture: GaussianMixture(components: episode.gaussians),
                signatures: episode.signatures)
        }
        let query = Episode(number: 0, sharesPart: true)
        let information = ClipInformation(empty: [], scale: 40)
        let track = information.weighted(ClipTrack(intervals: query.intervals, gaussians: query.gaussians))
        let judge = FootageJudge(threshold: 0.5) { _, verification in
            guard let agreement = verification.agreement else { return 0 }
            return agreement.change - agreement.common.change > 0.3 ? 1 : 0
        }
        let whole = SearchQuery(
            mixture: GaussianMixture(components: query.gaussians), fingerprint: "")
        let matches = try SearchEngine(index: films.index).rank(
            parts: PartQuery(
                whole: whole, track: track,
                pictures: PictureTrack(intervals: query.intervals, signatures: query.signatures)),
            options: SearchOptions(limit: 10), information: information,
            aligner: Aligner(AlignmentOptions(maximumClipDistance: 40)), judge: judge)
        return try #require(matches.first { $0.video.identity.path == "/v/1.mp4" })
    }

    @Test func aPartThatOneVideoSharesIsItsFootage() throws {
        let agreement = try #require(try match(othersShare: false).verification.agreement)
        #expect(agreement.change > 0.9 && agreement.common.change < 0.85, "\(agreement)")
    }

    @Test func aPartThatManyShareIsNot() throws {
        let agreement = try #require(try match(othersShare: true).verification.agreement)
        #expect(agreement.change > 0.9 && agreement.common.change > 0.95, "\(agreement)")
    }
}
