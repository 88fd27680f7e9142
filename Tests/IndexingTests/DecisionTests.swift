import Foundation
import Indexing
import Testing
import TestSupport

/// What was decided of pairs of contents.
@Suite struct DecisionTests {
    @Test func decisionsAreKeptSortedAndOnceAPair() throws {
        let folder = try TemporaryFolder()
        do {
            let index = try VideoIndex.forTests(folder.path)
            defer { index.close() }
            #expect(try index.decisions() == [])
            let decisions = [
                PairDecision("c", "a", decided: 1), PairDecision("b", "b", decided: 2),
                PairDecision("a", "b", decided: 3),
            ]
            #expect(decisions[0].first == "a" && decisions[0].second == "c")
            #expect(try index.record(decisions) == 3)
            #expect(try index.decisions() == [decisions[2], decisions[0], decisions[1]])
            // Said again, the other way round: nothing new.
            #expect(try index.record([PairDecision("a", "c", decided: 7)]) == 0)
            #expect(try index.decisions().map(\.decided) == [3, 7, 2])
        }
        let index = try VideoIndex.open(readingFrom: folder.path)
        defer { index.close() }
        #expect(try index.decisions().map(\.decided) == [3, 7, 2])
        #expect(indexError { try index.record([PairDecision("x", "y", decided: 0)]) }?.reason == .readOnly)
    }

    @Test func whatIsTakenBackIsGone() throws {
        let folder = try TemporaryFolder()
        let index = try VideoIndex.forTests(folder.path)
        defer { index.close() }
        try index.record([PairDecision("a", "b", decided: 1), PairDecision("a", "c", decided: 1)])
        #expect(try index.withdraw([("b", "a"), ("x", "y")]) == 1)
        #expect(try index.decisions().map(\.second) == ["c"])
        #expect(try index.withdraw([("b", "a")]) == 0)
    }

    /// Videos come and go; what was decided of their contents stays.
    @Test func removingVideosLeavesDecisions() throws {
        let folder = try TemporaryFolder()
        let index = try VideoIndex.forTests(folder.path)
        defer { index.close() }
        let (a, b) = (Sample(1), Sample(2))
        let ids = try [index.store(a), index.store(b)]
        try index.record([PairDecision(a.identity.fingerprint, b.identity.fingerprint, decided: 5)])
        try index.remove(ids: ids)
        #expect(try index.decisions().count == 1)
    }

    /// A flipped bit in a decision is an error, not another decision.
    @Test func damageIsNoticed() throws {
        let folder = try TemporaryFolder()
        do {
            let index = try VideoIndex.forTests(folder.path)
            try index.record([PairDecision("fingerprint-a", "fingerprint-b", decided: 5)])
            index.close()
        }
        let path = folder.path + "/videos.sqlite"
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        let place = try #require(data.range(of: Data("fingerprint-b".utf8), options: .backwards))
        data[place.lowerBound + 12] ^= 1
        try data.write(to: URL(fileURLWithPath: path))
        let index = try VideoIndex.open(readingFrom: folder.path)
        defer { index.close() }
        #expect(indexError { _ = try index.decisions() }?.reason == .corrupted)
    }
}
