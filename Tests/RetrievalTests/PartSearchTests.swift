import Base
import Distributions
import Foundation
import Indexing
import Retrieval
import Testing

/// Searches by parts, over a real index in a temporary folder.
@Suite struct PartSearchTests {
    let films: FilmIndex
    var folder: String { films.folder }
    var index: VideoIndex { films.index }
    /// The films' clips lie some 160 apart where they have nothing in common.
    let aligner = Aligner(AlignmentOptions(maximumClipDistance: 40))

    init() throws { films = try FilmIndex() }

    @discardableResult
    func store(_ path: String, _ track: ClipTrack) throws -> Int64 { try films.store(path, track) }

    func search(
        _ track: ClipTrack, limit: Int = 10, maximumDistance: Double? = nil, empty: [Gaussian] = []
    ) throws -> [Match] {
        let whole = SearchQuery(mixture: GaussianMixture(components: track.gaussians), fingerprint: "")
        let information = ClipInformation(empty: empty, scale: 40)
        return try SearchEngine(index: index).rank(
            parts: PartQuery(whole: whole, track: information.weighted(track)),
            options: SearchOptions(limit: limit, maximumDistance: maximumDistance),
            information: information, aligner: aligner)
    }

    /// Many short videos, each nearer to a short query as a whole than a long, varied one is.
    private func fill(long: Film, others: Int) throws {
        try store("/v/long.mp4", long.track())
        for number in 0..<others {
            try store("/v/other\(number).mp4", Film(seconds: 12, seed: UInt64(1000 + number)).track())
        }
    }

    @Test func anExcerptFindsItsLongVideoAndItsPlace() throws {
        let long = Film(seconds: 900, seed: 1)
        // Enough for coarse codes.
        try fill(long: long, others: 700)
        for start in [12.3, 333, 640.8, 893] {
            let excerpt = long.track(start, start + 5, stride: 0.5)
            let matches = try search(excerpt)
            #expect(matches[0].video.identity.path == "/v/long.mp4")
            #expect(matches.map(\.rank) == Array(1...10))
            let best = try #require(matches[0].segments.first)
            #expect(overlap(best.target, start, start + 5) > 0.8, "\(start): \(best)")
            #expect(matches[0].distance <= best.partDistance)
        }
    }

    @Test func aVideoIsItsOwnNearest() throws {
        let long = Film(seconds: 100, seed: 2)
        try fill(long: long, others: 5)
        let matches = try search(long.track())
        #expect(matches[0].video.identity.path == "/v/long.mp4")
        #expect(matches[0].distance == 0)
        #expect(matches[0].segments.first?.target == TimeRange(start: 0, stop: 100))
        #expect(try search(long.track(), maximumDistance: 1).count == 1)
        #expect(try search(long.track(), limit: 2).count == 2)
    }

    /// Ten videos begin alike; one is in the library twice.
    @Test func aSharedIntroMakesNoMatch() throws {
        let intro = Film(seconds: 8, seed: 3).track()
        var films: [ClipTrack] = []
        for number in 0..<10 {
            let film = intro + Film(seconds: 30, seed: UInt64(40 + number)).track(at: 8)
            films.append(film)
            try store("/v/\(number).mp4", film)
        }
        try store("/v/copy.mp4", films[4])
        let matches = try search(films[4], limit: 11)
        #expect(Set(matches.prefix(2).map(\.video.identity.path)) == ["/v/4.mp4", "/v/copy.mp4"])
        for match in matches.prefix(2) { #expect(match.segments.first?.target.duration ?? 0 >= 30) }
        for match in matches.dropFirst(2) { #expect(match.segments.isEmpty, "\(match)") }
        // Who asks for the intro alone gets it.
        let asked = try search(intro, limit: 11)
        for match in asked { #expect(!match.segments.isEmpty, "\(match)") }
    }

    @Test func emptyStartsMakeNoMatch() throws {
        let black = Film(seconds: 2, seed: 5).gaussian(0, 2)
        func dark(_ seconds: Double) -> ClipTrack {
            let starts = Array(stride(from: 0, to: seconds, by: 2))
            return ClipTrack(
                intervals: starts.map { TimeRange(start: $0, stop: $0 + 2) },
                gaussians: starts.map { _ in black })
        }
        let query = dark(6) + Film(seconds: 20, seed: 6).track(at: 6)
        try store("/v/a.mp4", dark(6) + Film(seconds: 20, seed: 7).track(at: 6))
        try store("/v/b.mp4", dark(6) + Film(seconds: 20, seed: 8).track(at: 6))
        #expect(try search(query).allSatisfy { !$0.segments.isEmpty })
        #expect(try search(query, empty: [black]).allSatisfy { $0.segments.isEmpty })
        let information = ClipInformation(empty: [black], scale: 40)
        #expect(ClipInformation.isTooLittle(information.weights(of: dark(6).gaussians)))
        #expect(!ClipInformation.isTooLittle(information.weights(of: query.gaussians)))
    }

    @Test func removedAndExcludedVideosAreNotFound() throws {
        let long = Film(seconds: 60, seed: 9)
        try fill(long: long, others: 3)
        let id = try store("/v/again.mp4", long.track())
        let excerpt = long.track(20, 26)
        #expect(try search(excerpt).prefix(2).map(\.video.identity.path) == ["/v/again.mp4", "/v/long.mp4"])
        let whole = SearchQuery(
            mixture: GaussianMixture(components: excerpt.gaussians), fingerprint: "", excludedVideos: [id])
        let matches = try SearchEngine(index: index).rank(
            parts: PartQuery(whole: whole, track: excerpt), options: SearchOptions(),
            information: ClipInformation(empty: []), aligner: aligner)
        #expect(!matches.contains { $0.video.id == id })
        try index.remove(ids: [id])
        #expect(!(try search(excerpt)).contains { $0.video.id == id })
    }

    @Test func aDamagedFileOfClipsIsMadeAnew() throws {
        let long = Film(seconds: 60, seed: 10)
        try fill(long: long, others: 3)
        let before = try search(long.track(20, 26)).map(\.segments)
        let path = folder + "/clips.bin"
        for place in [0, 20, 192, 2000] {
            var data = try Data(contentsOf: URL(fileURLWithPath: path))
            data[place] ^= 16
            try data.write(to: URL(fileURLWithPath: path))
            // Another reader: this one holds the whole file.
            let other = try VideoIndex.open(readingFrom: folder)
            defer { other.close() }
            let table = try other.unverifiedMoments(of: .clips)
            if !table.verify() { _ = try other.rebuiltMoments(insteadOf: table) }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) != data)
        }
        #expect(try search(long.track(20, 26)).map(\.segments) == before)
    }
}
