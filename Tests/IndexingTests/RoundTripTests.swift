import Distributions
import Foundation
import Indexing
import Testing
import TestSupport

@Suite struct RoundTripTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func whatIsStoredIsReadBackExactly() throws {
        let samples = (0..<40).map { Sample($0) }
        var ids: [Int64] = []
        do {
            let index = try VideoIndex.open(writingTo: folder.path, model: testModel)
            ids = try samples.map { try index.store($0) }
            index.close()
        }
        let index = try VideoIndex.open(readingFrom: folder.path, expecting: testModel)
        #expect(index.model == testModel)
        #expect(index.formatVersion == VideoIndex.currentFormatVersion)
        let clips = samples.reduce(0) { $0 + $1.intervals.count }
        #expect(try index.counts() == IndexCounts(ready: 40, failed: 0, clips: clips))
        for (id, sample) in zip(ids, samples) {
            let video = try #require(try index.video(atPath: sample.identity.path))
            #expect(
                video
                    == IndexedVideo(
                        id: id, identity: sample.identity, facts: sample.facts,
                        clipCount: sample.intervals.count))
            let read = try index.mixture(ofVideo: id)
            #expect(read.intervals == sample.intervals)
            #expect(read.mixture == sample.mixture)
            #expect(try index.videos(withFingerprint: sample.identity.fingerprint).first?.id == id)
        }
        #expect(try index.videos(ids: [ids[3], 9999, ids[1]]).map(\.id) == [ids[3], ids[1]])
        #expect(
            try index.allVideos(limit: 3, offset: 2).map(\.identity.path) == paths(samples)[2..<5].map { $0 })
        #expect(indexError { _ = try index.mixture(ofVideo: 9999) }?.reason == .failed)
        #expect(index.sizeOnDisk > 0)
    }

    private func paths(_ samples: [Sample]) -> [String] {
        samples.map(\.identity.path).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    @Test func momentsAreThoseOfTheMixtures() throws {
        let index = try VideoIndex.forTests(folder.path)
        let samples = (0..<25).map { Sample($0) }
        let ids = try samples.map { try index.store($0) }
        let table = try index.moments()
        #expect(table.count == 25 && table.dimension == 20 && table.stride == 32)
        let rows = table.contents
        for (id, sample) in zip(ids, samples) {
            let moments = sample.mixture.moments()
            let row = try #require(rows[id])
            #expect(row.mean == moments.mean)
            #expect(row.variance == moments.variance)
            let logDeterminant = moments.variance.reduce(0.0) { $0 + log(Double($1)) }
            #expect(row.logDeterminant == Float(logDeterminant))
        }
        table.withRows { rows in
            let (means, variances) = (rows.means, rows.variances)
            #expect(UInt(bitPattern: means) % 64 == 0 && UInt(bitPattern: variances) % 64 == 0)
            #expect(zip(0..<24, 1..<25).allSatisfy { rows.video($0) < rows.video($1) })
            for i in 0..<table.count {
                for d in 20..<32 { #expect(means[i * 32 + d] == 0 && variances[i * 32 + d] == 1) }
            }
        }
    }

    @Test func anEmptyIndexHasAnEmptyTable() throws {
        let index = try VideoIndex.forTests(folder.path)
        #expect(try index.moments().count == 0)
        #expect(try index.counts() == IndexCounts(ready: 0, failed: 0, clips: 0))
        #expect(try VideoIndex.open(readingFrom: folder.path).moments().count == 0)
    }

    @Test func storingAgainReplaces() throws {
        let index = try VideoIndex.forTests(folder.path)
        let id = try index.store(Sample(3, path: "/a"))
        try index.store(Sample(4, path: "/b"))
        #expect(try index.store(Sample(5, clips: 9, path: "/a")) == id)
        #expect(try index.counts().ready == 2)
        #expect(try index.mixture(ofVideo: id).mixture == Sample(5, clips: 9).mixture)
        #expect(try index.moments().contents[id]?.mean == Sample(5, clips: 9).mixture.moments().mean)
        // A file that was good and is now broken leaves no embeddings behind.
        try index.storeFailure(Sample(6, path: "/a").identity, reason: "damaged", message: "cut short")
        #expect(try index.counts() == IndexCounts(ready: 1, failed: 1, clips: 1))
        #expect(try index.video(atPath: "/a") == nil)
        #expect(try index.moments().count == 1)
        let failure = FailedVideo(
            identity: Sample(6, path: "/a").identity, reason: "damaged", message: "cut short")
        #expect(try index.failures() == [failure])
        try index.store(Sample(3, path: "/a"))
        #expect(try index.counts() == IndexCounts(ready: 2, failed: 0, clips: 5))
    }

    @Test func valuesThatAreNoNumbersAreRefused() throws {
        let index = try VideoIndex.forTests(folder.path)
        for poison: Float in [.nan, .infinity, 1e6] {
            var sample = Sample(1)
            sample.mixture.components[0].mean[7] = poison
            #expect(indexError { try index.store(sample) }?.reason == .failed)
        }
        #expect(try index.counts().ready == 0)
    }

    @Test func valuesBetweenHalvesAreRounded() throws {
        let index = try VideoIndex.forTests(folder.path)
        var sample = Sample(1)
        sample.mixture.components[0].mean[0] = 0.1
        let id = try index.store(sample)
        let read = try index.mixture(ofVideo: id).mixture
        #expect(read.components[0].mean[0] == Float(Float16(0.1)))
        #expect(try index.moments().contents[id]?.mean == read.moments().mean)
    }

    @Test func rootsAndRemoval() throws {
        let index = try VideoIndex.forTests(folder.path)
        try index.addRoots(["/videos", "/other/folder", "/videos"])
        #expect(try index.roots() == ["/other/folder", "/videos"])
        for (number, path) in ["/videos/a", "/videos/b/c", "/videos0", "/videos.mp4", "/other/folder/x"]
            .enumerated()
        {
            try index.store(Sample(number, path: path))
        }
        #expect(try index.remove(paths: ["/videos/a", "/nowhere"]) == 1)
        #expect(try index.remove(paths: ["/videos"]) == 1)
        #expect(try index.allVideos().map(\.identity.path) == ["/other/folder/x", "/videos.mp4", "/videos0"])
        #expect(try index.roots() == ["/other/folder"])
        let id = try #require(try index.video(atPath: "/videos0")?.id)
        #expect(try index.remove(ids: [id, 12345]) == 1)
        #expect(try index.moments().count == 2)
        // Numbers are never given twice.
        #expect(try index.store(Sample(1, path: "/new")) == 6)
    }

    @Test func copiesAreBothSeen() throws {
        let index = try VideoIndex.forTests(folder.path)
        let sample = Sample(8)
        let id = try index.store(sample)
        var copy = sample.identity
        copy.path = "/copy.mp4"
        let second = try index.storeCopy(of: id, as: copy)
        #expect(second != id)
        #expect(try index.mixture(ofVideo: second).mixture == sample.mixture)
        #expect(
            try index.videos(withFingerprint: copy.fingerprint).map(\.identity.path)
                == ["/copy.mp4", sample.identity.path])
        let rows = try index.moments().contents
        #expect(rows[id]?.mean == rows[second]?.mean)
    }

    @Test func filesCanSwapNames() throws {
        let index = try VideoIndex.forTests(folder.path)
        let (a, b) = (try index.store(Sample(1, path: "/a")), try index.store(Sample(2, path: "/b")))
        try index.store(Sample(3, path: "/c"))
        var (first, second) = (Sample(1).identity, Sample(2).identity)
        (first.path, second.path) = ("/b", "/c")
        try index.update([FileChange(id: a, identity: first), FileChange(id: b, identity: second)])
        #expect(try index.allVideos().map(\.id) == [a, b])
        #expect(try index.allVideos().map(\.identity) == [first, second])
        #expect(try index.mixture(ofVideo: a).mixture == Sample(1).mixture)
        (first.path, second.path) = ("/c", "/b")
        try index.update([FileChange(id: a, identity: first), FileChange(id: b, identity: second)])
        #expect(try index.allVideos().map(\.id) == [b, a])
        #expect(try index.counts().ready == 2)
    }

    @Test func pathsAreBytesNotCharacters() throws {
        let index = try VideoIndex.forTests(folder.path)
        // One "é" composed, one decomposed: equal as Swift strings, two files on the disk.
        let (composed, decomposed) = ("/\u{E9}.mp4", "/e\u{301}.mp4")
        let (first, second) = (
            try index.store(Sample(1, path: composed)), try index.store(Sample(2, path: decomposed))
        )
        #expect(first != second)
        #expect(try index.video(atPath: composed)?.id == first)
        #expect(try index.video(atPath: decomposed)?.id == second)
    }
}
