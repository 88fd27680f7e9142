import Distributions
import Foundation
import Indexing
import Retrieval
import Testing
import VideoDecoding

/// From an index to groups.
@Suite final class DuplicateFinderTests {
    static let dimension = 16
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("mixtape-duplicates-\(UUID().uuidString)").path
    let index: VideoIndex
    var generator = SeededGenerator(seed: 11)

    init() throws {
        index = try VideoIndex.open(
            writingTo: folder,
            model: IndexModel(name: "test", fingerprint: "00", dimension: Self.dimension), durability: .process)
    }

    deinit {
        index.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A video whose mean lies at a place on a line; the distance of two grows with the square of their places'.
    func store(_ path: String, at place: Float, fingerprint: String? = nil, seconds: Double = 10) throws {
        let clip = Gaussian(
            mean: [place] + [Float](repeating: 0, count: Self.dimension - 1),
            logVariance: [Float](repeating: 0, count: Self.dimension))
        try index.store(
            FileIdentity(path: path, fingerprint: fingerprint ?? path, size: 1000, modified: 0),
            facts: StreamFacts(
                container: "mp4", codec: "h264", width: 64, height: 64, duration: seconds, frameRate: 25),
            intervals: [TimeRange(start: 0, stop: 2)], mixture: GaussianMixture(components: [clip]))
    }

    func groups(within distance: Double = 0.5) throws -> [[String]] {
        try found(within: distance).groups.map { $0.members.map(\.video.identity.path) }
    }

    func found(within distance: Double = 0.5) throws -> DuplicateGroups {
        try DuplicateFinder(index: index, options: DuplicateOptions(maximumDistance: distance)).groups()
    }

    @Test func nearVideosAreGroupedWithTheFactsOfTheGroup() throws {
        try store("/a", at: 0, seconds: 8)
        try store("/b", at: 1)
        try store("/c", at: -1, seconds: 9)
        try store("/far", at: 50)
        let found = try found()
        #expect(found.videos == 4 && found.rejected == 0)
        let group = try #require(found.groups.first)
        #expect(found.groups.count == 1)
        // ¼ Δ²/(1 + 1) each way; b is the longest, a the centre.
        #expect(group.members.map(\.video.identity.path) == ["/b", "/a", "/c"])
        #expect(group.members.map(\.distance) == [0.125, 0, 0.125])
        #expect(group.members.map(\.isKept) == [true, false, false])
        #expect(group.members.map(\.reason) == [.longest, .shorter, .shorter])
        #expect(group.centre == 1)
        #expect(group.largestDistance == 0.5)
    }

    /// Twenty videos, each near the next: a chain would take them all.
    @Test func chainsDoNotFormAGroup() throws {
        for number in 0..<20 { try store("/\(number + 10)", at: Float(number) * 2) }
        let groups = try found().groups
        #expect(groups.allSatisfy { $0.members.count <= 3 })
        for group in groups {
            #expect(group.members.allSatisfy { $0.distance <= 0.5 })
        }
        #expect(groups.flatMap(\.members).count > 15)
    }

    @Test func filesOfOneContentAreFoundWhateverTheirDistance() throws {
        try store("/a", at: 0, fingerprint: "f")
        try store("/b", at: 0, fingerprint: "f")
        try store("/c", at: 0, fingerprint: "f")
        try store("/d", at: 70)
        #expect(try groups(within: 0) == [["/a", "/b", "/c"]])
        #expect(try found(within: 0).groups[0].members.map(\.reason) == [.firstPath, .sameContent, .sameContent])
        // Those who want both say so.
        try index.record([PairDecision("f", "f", decided: 1)])
        #expect(try groups(within: 0) == [])
    }

    @Test func whatWasDecidedStaysApartWhereverTheFilesGo() throws {
        try store("/a", at: 0)
        try store("/b", at: 0.5)
        #expect(try groups() == [["/a", "/b"]])
        try index.record([PairDecision("/a", "/b", decided: 1)])
        #expect(try groups() == [] && found().rejected == 1)
        // Moved, then removed and indexed again under another name.
        let video = try #require(try index.video(atPath: "/b"))
        var moved = video.identity
        moved.path = "/elsewhere/b"
        try index.update([FileChange(id: video.id, identity: moved)])
        #expect(try groups() == [])
        try index.remove(ids: [video.id])
        try store("/new name", at: 0.5, fingerprint: "/b")
        #expect(try groups() == [])
        try index.withdraw([("/b", "/a")])
        #expect(try groups() == [["/a", "/new name"]])
    }

    @Test func anEmptyIndexAndOneVideoHaveNone() throws {
        #expect(try groups() == [])
        try store("/a", at: 0)
        #expect(try groups() == [])
    }

    @Test func itCanBeCancelled() throws {
        for number in 0..<5 { try store("/\(number)", at: 0.1 * Float(number)) }
        do {
            _ = try DuplicateFinder(index: index, options: DuplicateOptions(maximumDistance: 1))
                .groups(isCancelled: { true })
            Issue.record("it went on")
        } catch DuplicateError.cancelled {
        }
    }
}
