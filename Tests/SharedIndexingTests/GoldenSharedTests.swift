import Foundation
import Indexing
import Retrieval
import SharedIndexing
import Testing
import TestSupport

/// A shared index as format 1 was first written, kept forever: `shared-1.sql` has the statements by which that format's program
/// made its tables, and what it stored in them. Four files of three contents, a failed one, a removed one, a root, a decision.
@Suite(.enabled(if: TestServer.isThere, TestServer.isMissing), .serialized)
struct GoldenSharedTests {
    private static let fixture = Repository.fixtures("golden/formats/shared-1.sql")

    private func database() throws -> TestDatabase {
        let database = try TestServer.makeDatabase()
        _ = try database.sql("CREATE EXTENSION vector")
        _ = try database.sql(try String(contentsOfFile: Self.fixture, encoding: .utf8))
        return database
    }

    /// Every file by its distance from `one.mp4`, as they were when format 1 was the newest.
    private func expectAnswers(_ database: TestDatabase) throws {
        let library = try Library()
        let folder = try library.mirror(of: database)
        let index = try VideoIndex.open(readingFrom: folder, expecting: TextSource.model)
        // The folder goes with the library.
        defer { withExtendedLifetime(library) { index.close() } }
        let one = try #require(try index.video(atPath: "/films/one.mp4"))
        let matches = try SearchEngine(index: index).rank(
            query: try index.mixture(ofVideo: one.id).mixture, fingerprint: "", limit: 10)
        let expected = [
            ("copy", 0), ("one", 0), ("two", 22.733309155483667), ("three", 23.209817823725153),
        ]
        #expect(matches.map(\.video.identity.path) == expected.map { "/films/\($0.0).mp4" })
        for (match, (_, distance)) in zip(matches, expected) {
            // Moments are computed anew, by an exp that differs from machine to machine in a float's last bit.
            #expect(abs(match.distance - distance) <= 1e-5 * distance)
        }
        #expect(
            try index.failures().map { "\($0.identity.path) \($0.reason): \($0.message)" } == [
                "/films/broken.mp4 damaged: it is broken"
            ])
        #expect(try index.roots() == ["/films"])
        #expect(
            try index.decisions() == [PairDecision("6f6e65", "74776f2074776f", decided: 1_700_000_000)])
    }

    @Test func formatOneIsReadAndCopied() throws {
        let database = try database()
        let index = try SharedIndex.open(readingFrom: try database.client())
        #expect(index.formatVersion == 1 && index.model == TextSource.model)
        #expect(try index.counts() == IndexCounts(ready: 4, failed: 1, clips: 6))
        try expectAnswers(database)
    }

    @Test func formatOneIsWritten() throws {
        let database = try database()
        let index = try SharedIndex.open(writingTo: try database.client(), model: TextSource.model)
        #expect(index.formatVersion == SharedIndex.currentFormatVersion)
        try expectAnswers(database)
        let video = TextSource.video(of: "new")
        let identity = FileIdentity(path: "/films/new.mp4", fingerprint: "6e6577", size: 3, modified: 7)
        // Numbers go on where they were.
        #expect(
            try index.store(
                identity, facts: video.facts, intervals: video.intervals, mixture: video.mixture) == 7)
        #expect(try index.remove(paths: ["/films/new.mp4"]) == 1)
        try expectAnswers(database)
    }
}
