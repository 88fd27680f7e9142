import Base
import Distributions
import Foundation
import Indexing
import Retrieval
import Synchronization
import Testing

/// From an index to groups.
@Suite final class DuplicateFinderTests {
    static let dimension = 16
    private let opened: OpenIndex
    var index: VideoIndex { opened.index }
    var generator = SeededGenerator(seed: 11)

    init() throws {
        opened = try OpenIndex(dimension: Self.dimension)
    }

    static func clip(at place: Float) -> Gaussian {
        Gaussian(
            mean: [place] + [Float](repeating: 0, count: dimension - 1),
            logVariance: [Float](repeating: 0, count: dimension))
    }

    /// A video of one clip at a place on a line; the distance of two is an eighth of their places' squared.
    func store(_ path: String, at place: Float, fingerprint: String? = nil, seconds: Double = 10) throws {
        try store(path, clips: [place], fingerprint: fingerprint, seconds: seconds)
    }

    /// A video of clips of two seconds, each at a place on the line.
    func store(
        _ path: String, clips places: [Float], fingerprint: String? = nil, seconds: Double? = nil
    ) throws {
        try Self.store(
            path, clips: places, fingerprint ?? path, seconds ?? Double(2 * places.count), in: index)
    }

    static func store(
        _ path: String, clips places: [Float], _ fingerprint: String, _ seconds: Double, in index: VideoIndex
    ) throws {
        try index.store(
            FileIdentity(path: path, fingerprint: fingerprint, size: 1000, modified: 0),
            facts: StreamFacts(
                container: "mp4", codec: "h264", width: 64, height: 64, duration: seconds, frameRate: 25),
            intervals: places.indices.map { TimeRange(start: Double(2 * $0), stop: Double(2 * $0 + 2)) },
            mixture: GaussianMixture(components: places.map(Self.clip)))
    }

    /// They are as near as copies, and there is nothing to look at.
    @Test func whatIsNotVerifiedIsSimilarAtMost() throws {
        for (path, place) in [("a", 0), ("b", 0.1), ("c", 9)] as [(String, Float)] {
            try store(path, at: place)
        }
        var options = DuplicateOptions(
            maximumDistance: 0.5, judge: FootageJudge(threshold: 0.5) { _, _ in 1 })
        func found() throws -> DuplicateGroups {
            try DuplicateFinder(index: index, options: options, information: ClipInformation(empty: []))
                .groups()
        }
        #expect(try found().groups.isEmpty && found().similar.isEmpty)
        options.listsSimilar = true
        let similar = try found().similar
        #expect(try found().groups.isEmpty && similar.count == 1)
        #expect(similar[0].centre.identity.path == "a")
        #expect(similar[0].others.map(\.video.identity.path) == ["b"])
        #expect(try #require(similar[0].others.first).distance < 0.5)
        _ = try index.record([PairDecision("a", "b", decided: 0)])
        #expect(try found().similar.isEmpty)
    }

    func groups(within distance: Double = 0.5) throws -> [[String]] {
        try found(within: distance).groups.map { $0.members.map(\.video.identity.path) }
    }

    func found(within distance: Double = 0.5) throws -> DuplicateGroups {
        try finder(within: distance).groups()
    }

    /// Clips at 0 say nothing.
    func finder(within distance: Double) -> DuplicateFinder {
        DuplicateFinder(
            index: index, options: DuplicateOptions(maximumDistance: distance),
            information: ClipInformation(empty: [Self.clip(at: 0)]))
    }

    @Test func nearVideosAreGroupedWithTheFactsOfTheGroup() throws {
        try store("/a", at: 500, seconds: 8)
        try store("/b", at: 500.75)
        try store("/c", at: 499.25, seconds: 8.5)
        try store("/far", at: 550)
        let found = try found()
        #expect(found.videos == 4 && found.rejected == 0)
        let group = try #require(found.groups.first)
        #expect(found.groups.count == 1)
        // Clips may lie farther apart than wholes. b is the longest, which the others are held against.
        #expect(group.members.map(\.video.identity.path) == ["/b", "/a", "/c"])
        let apart = group.members.map(\.distance)
        #expect(apart[0] == 0 && abs(apart[1] - 0.0703125 / 2) < 1e-6 && abs(apart[2] - 0.28125 / 2) < 1e-6)
        #expect(group.members.map(\.isKept) == [true, false, false])
        #expect(group.members.map(\.reason) == [.longest, .shorter, .shorter])
        #expect(abs(group.largestDistance - 0.28125 / 2) < 1e-6)
    }

    /// Twenty videos, each near the next: a chain would take them all.
    @Test func chainsDoNotFormAGroup() throws {
        for number in 0..<20 { try store("/\(number + 10)", at: 500 + Float(number) * 1.8) }
        let groups = try found().groups
        #expect(groups.allSatisfy { $0.members.count == 2 })
        for group in groups {
            #expect(group.members.allSatisfy { $0.distance <= 0.5 })
        }
        #expect(groups.flatMap(\.members).count > 15)
    }

    @Test func filesOfOneContentAreFoundWhateverTheirDistance() throws {
        try store("/a", at: 500, fingerprint: "f")
        try store("/b", at: 500, fingerprint: "f")
        try store("/c", at: 500, fingerprint: "f")
        try store("/d", at: 570)
        #expect(try groups(within: 0) == [["/a", "/b", "/c"]])
        #expect(
            try found(within: 0).groups[0].members.map(\.reason) == [.firstPath, .sameContent, .sameContent])
        // Those who want both say so.
        try index.record([PairDecision("f", "f", decided: 1)])
        #expect(try groups(within: 0) == [])
    }

    @Test func whatWasDecidedStaysApartWhereverTheFilesGo() throws {
        try store("/a", at: 500)
        try store("/b", at: 500.5)
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
        try store("/new name", at: 500.5, fingerprint: "/b")
        #expect(try groups() == [])
        try index.withdraw([("/b", "/a")])
        #expect(try groups() == [["/a", "/new name"]])
    }

    /// Whatever the whole is like: its place in the longer one is found.
    @Test func anExcerptIsContainedInItsOriginal() throws {
        try store("/film", clips: (0..<20).map { 500 + 30 * Float($0) })
        try store("/excerpt", clips: [680, 710, 740, 770])
        try store("/other", clips: (0..<20).map { 3000 + 30 * Float($0) })
        let group = try #require(try found().groups.first)
        #expect(group.members.map(\.video.identity.path) == ["/film", "/excerpt"])
        #expect(group.members.map(\.reason) == [.longest, .shorter])
        let containment = try #require(group.members[1].containment)
        #expect(containment.path == "/film")
        #expect(abs(containment.interval.start - 12) < 0.5 && abs(containment.interval.stop - 20) < 0.5)
        #expect(group.members[0].containment == nil)
    }

    /// What begins or ends with the same picture for longer, as after a cut, is longer than its excerpt; the place is not.
    @Test func aPlaceIsAsLongAsTheExcerptAllows() throws {
        let clips = [680, 710, 740, 770] as [Float]
        let before = (0..<8).map { 300 + 30 * Float($0) }
        let after = (0..<8).map { 900 + 30 * Float($0) }
        try store("/film", clips: before + [680] + clips + [770] + after)
        try store("/excerpt", clips: clips)
        try store("/other", clips: (0..<20).map { 3000 + 30 * Float($0) })
        let group = try #require(try found().groups.first)
        let containment = try #require(group.members.last?.containment)
        #expect(containment.interval.duration <= 8 + 2, "\(containment.interval)")
        #expect(
            containment.interval.start <= 19 && containment.interval.stop >= 25, "\(containment.interval)")
    }

    /// Five seconds of a film that repeats: what lies near the line, but beyond the excerpt's length, is a repetition.
    @Test func thePlaceOfSegmentsIsBoundedByTheExcerpt() throws {
        func segment(
            _ query: ClosedRange<Double>, _ target: ClosedRange<Double>, information: Double
        ) -> AlignedSegment {
            AlignedSegment(
                query: TimeRange(start: query.lowerBound, stop: query.upperBound),
                target: TimeRange(start: target.lowerBound, stop: target.upperBound), distance: 1,
                partDistance: 1,
                speed: (target.upperBound - target.lowerBound) / (query.upperBound - query.lowerBound),
                evidence: information, information: information)
        }
        let excerpt = TimeRange(start: 0, stop: 5)
        let main = segment(0...4, 10...14, information: 2)
        #expect([main].place(of: excerpt) == main.target)
        // What goes on where it ends belongs to it.
        #expect(
            [main, segment(4...5, 14...15, information: 0.5)].place(of: excerpt)
                == TimeRange(start: 10, stop: 15))
        // At another speed from near the line on, and before its beginning: within a clip, half at each end.
        let beside = [
            segment(4...5, 15.9...17.9, information: 0.5), segment(0...1, 8.1...9.1, information: 0.5),
        ]
        #expect(([main] + beside).place(of: excerpt) == TimeRange(start: 9, stop: 16))
        // Elsewhere: another showing.
        #expect([main, segment(0...5, 40...45, information: 1)].place(of: excerpt) == main.target)
        // At half the speed all of it takes twice as long.
        let slow = segment(0...4, 10...18, information: 2)
        #expect([slow, segment(4...5, 18...20, information: 0.5)].place(of: excerpt)?.duration == 10)
        #expect([AlignedSegment]().place(of: excerpt) == nil)
    }

    /// Four seconds that many begin with are no reason to take them for copies of each other.
    @Test func sharedIntrosMakeNoGroup() throws {
        for number in 0..<5 {
            let own = (0..<6).map { 1000 + 300 * Float(number) + 30 * Float($0) }
            try store("/\(number)", clips: [500, 530] + own)
        }
        #expect(try groups() == [])
    }

    /// Not even where it is half of each: what many show tells none of them from the others. A copy of one is found all the same.
    @Test func anIntroThatIsHalfOfEachMakesNoGroup() throws {
        for number in 0..<6 {
            let start = 1000 + 300 * Float(number)
            try store("/\(number)", clips: [500, 530, start, start + 30])
        }
        #expect(try groups() == [])
        try store("/copy of 3", clips: [500, 530, 1900, 1930])
        #expect(try groups().map { $0.sorted() } == [["/3", "/copy of 3"]])
    }

    /// The farther apart what corresponds is, the more of the shorter one has to.
    @Test func whatIsMissingCountsAsFarAway() throws {
        func film(shift: Float, own: Int) -> [Float] {
            (0..<6).map { 500 + 30 * Float($0) + ($0 < own ? 1000 : shift) }
        }
        try store("/a film", clips: film(shift: 0, own: 0))
        try store("/changed", clips: film(shift: 3.2, own: 0))
        try store("/part of it changed", clips: film(shift: -3.2, own: 2))
        #expect(try groups() == [["/a film", "/changed"]])
        try store("/part of it", clips: film(shift: 0, own: 2))
        #expect(try groups().map { $0.sorted() } == [["/a film", "/changed", "/part of it"]])
    }

    /// Black looks alike everywhere: it makes no group, and what shows nothing else is named.
    @Test func emptyPicturesMakeNoGroup() throws {
        try store("/black", clips: [0, 0, 0])
        try store("/black too", clips: [0, 0, 0, 0])
        try store("/black start", clips: [0, 0, 0, 0, 700, 730])
        try store("/another", clips: [0, 0, 0, 0, 900, 930])
        let found = try found()
        #expect(found.groups.isEmpty && found.videos == 4)
        #expect(found.uninformative.map(\.identity.path) == ["/black", "/black too"])
        // Of the same content they are copies all the same; and black before it hides no copy.
        try store("/copy of black", clips: [0, 0, 0], fingerprint: "/black")
        try store("/copy", clips: [700, 730])
        #expect(try groups() == [["/black", "/copy of black"], ["/black start", "/copy"]])
    }

    @Test func anEmptyIndexAndOneVideoHaveNone() throws {
        #expect(try groups() == [])
        try store("/a", at: 500)
        #expect(try groups() == [])
    }

    /// One transaction's state is compared, whatever becomes of the index meanwhile.
    @Test(arguments: [false, true]) func changesMeanwhileDoNotMix(isReplaced: Bool) throws {
        for (name, place) in [("a", 3), ("b", 3.1), ("c", 3.2), ("d", 90)] as [(String, Float)] {
            try store("/v/\(name).mp4", at: place)
        }
        try store("/v/copy.mp4", at: 3.2, fingerprint: "/v/c.mp4")
        func paths(_ found: DuplicateGroups) -> [[String]] {
            found.groups.map { $0.members.map(\.video.identity.path) }
        }
        let before = paths(try found())
        #expect(before.first?.count == 4)
        let isChanged = Mutex(false)
        let found = try finder(within: 0.5).groups(isCancelled: { [index] in
            let isFirst = isChanged.withLock { isChanged in
                defer { isChanged = true }
                return !isChanged
            }
            for path in ["/v/b.mp4", "/v/c.mp4"] where isFirst {
                if isReplaced {
                    try? Self.store(path, clips: [500, 700, 900], "other " + path, 6, in: index)
                } else {
                    _ = try? index.remove(paths: [path])
                }
            }
            return false
        })
        #expect(paths(found) == before && found.uninformative == [])
        #expect(paths(try self.found()) != before)
    }

    @Test func itCanBeCancelled() throws {
        for number in 0..<5 { try store("/\(number)", at: 500 + 0.1 * Float(number)) }
        do {
            _ = try finder(within: 1).groups(isCancelled: { true })
            Issue.record("it went on")
        } catch DuplicateError.cancelled {
        }
    }
}
