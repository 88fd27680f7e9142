import Base
import Distributions
import Indexing
import Retrieval
import Testing

/// Groups about centres, and the choice of what to keep.
@Suite struct StarGroupTests {
    typealias Link = StarGroups.Link

    func groups(_ count: Int, _ links: [(Int, Int, Double)], apart: [(Int, Int)] = []) -> [[Int]] {
        var stars = StarGroups(
            count: count, links: links.map { Link(first: $0.0, second: $0.1, distance: $0.2) },
            areApart: { a, b in apart.contains { $0 == (min(a, b), max(a, b)) } })
        return stars.groups()
    }

    /// 0–1–2–3–4–5: each like the next, no two others alike.
    @Test func aChainFallsApart() {
        let found = groups(6, (0..<5).map { ($0, $0 + 1, 1) })
        #expect(found == [[1, 0, 2], [4, 3, 5]])
    }

    @Test func cliquesStayWhole() {
        let found = groups(7, [(0, 1, 2), (0, 2, 1), (1, 2, 3), (4, 5, 1)])
        #expect(found == [[0, 2, 1], [4, 5]])
    }

    @Test func everyMemberIsLinkedToItsCentreAndInOneGroup() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<50 {
            let count = 40
            var links: [(Int, Int, Double)] = []
            for a in 0..<count {
                for b in (a + 1)..<count where generator.nextUniform() < 0.08 {
                    links.append((a, b, generator.nextUniform()))
                }
            }
            let apart =
                links.filter { _ in generator.nextUniform() < 0.1 }.map { ($0.0, $0.1) }
                + [(0, 9), (3, 30)]
            let found = groups(count, links, apart: apart)
            #expect(Set(found.joined()).count == found.joined().count)
            #expect(found.allSatisfy { $0.count > 1 })
            for group in found {
                for member in group.dropFirst() {
                    #expect(links.contains { ($0.0, $0.1) == (min(group[0], member), max(group[0], member)) })
                }
                for (place, a) in group.enumerated() {
                    for b in group[(place + 1)...] {
                        #expect(!apart.contains { $0 == (min(a, b), max(a, b)) })
                    }
                }
            }
            // What is left over has no free neighbour that it may be with.
            let grouped = Set(found.joined())
            for (a, b, _) in links where !grouped.contains(a) && !grouped.contains(b) {
                #expect(apart.contains { $0 == (a, b) })
            }
        }
    }

    @Test func membersThatWereDecidedApartShareNoGroup() {
        // 0 is like 1 and 2, which are not like each other, by decision.
        #expect(groups(3, [(0, 1, 1), (0, 2, 2), (1, 2, 1)], apart: [(1, 2)]) == [[0, 1]])
    }

    func video(
        _ path: String, seconds: Double?, width: Int = 320, height: Int = 240, size: Int64 = 1000,
        fingerprint: String? = nil
    ) -> IndexedVideo {
        IndexedVideo(
            id: 1,
            identity: FileIdentity(path: path, fingerprint: fingerprint ?? path, size: size, modified: 0),
            facts: StreamFacts(
                container: "mp4", codec: "h264", width: width, height: height, duration: seconds,
                frameRate: 25),
            clipCount: 1)
    }

    @Test func theLongestIsKeptThenTheLargestThenTheBest() {
        let videos = [
            video("/a", seconds: 60, size: 9_000), video("/b", seconds: 100, size: 5_000),
            video("/c", seconds: 99.5, width: 640, height: 480, size: 7_000),
            video("/d", seconds: 100, width: 640, height: 480, size: 6_000),
        ]
        let (kept, reasons) = KeptVideo.choose(videos)
        // 99.5 s is as good as 100: a re-encoding loses a frame or two.
        #expect(kept == 2)
        #expect(reasons == [.shorter, .smallerPicture, .bestQuality, .lowerQuality])
    }

    @Test func equalsAreKeptByPathAndCopiesSaySo() {
        let twins = [
            video("/b", seconds: 5, fingerprint: "f"), video("/a", seconds: 5, fingerprint: "f"),
            video("/c", seconds: 5, fingerprint: "g"),
        ]
        #expect(KeptVideo.choose(twins) == (1, [.sameContent, .firstPath, .laterPath]))
        let unknown = [video("/b", seconds: nil), video("/a", seconds: 3)]
        #expect(KeptVideo.choose(unknown) == (1, [.shorter, .longest]))
        #expect(KeptVideo.choose([unknown[0]]) == (0, [.firstPath]))
    }
}
