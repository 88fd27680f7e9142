import Foundation
import Synchronization
import Testing
import TestSupport
import Training

@Suite struct ClipCacheTests {
    private func cache(
        _ scratch: TemporaryFolder, _ source: MadeUpFrames, _ choice: CacheChoice = .small(24)
    ) -> ClipCache {
        ClipCache(folder: scratch.path + "/cache", choice: choice, clipInterval: 0.25, source: source)
    }

    private func entries(_ scratch: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/cache").sorted()
    }

    @Test func decodesOnceAndOpensAgain() throws {
        let scratch = try TemporaryFolder()
        let paths = try scratch.videos([5, 9, 1])
        let source = MadeUpFrames()
        let first = try cache(scratch, source).build(videos: paths, threads: 2)
        #expect(first.decoded == 3 && first.skipped.isEmpty)
        #expect(first.videos.map(\.frameCount) == [5, 9, 1] && first.videos.map(\.path) == paths)
        let again = try cache(scratch, source).build(videos: paths, threads: 2)
        #expect(again.decoded == 0 && again.videos.map(\.frameCount) == [5, 9, 1])
        #expect(source.decodings.withLock { $0.count } == 3)
        // Without the index, only fingerprints are made again.
        try FileManager.default.removeItem(atPath: scratch.path + "/cache/index.json")
        #expect(try cache(scratch, source).build(videos: paths, threads: 1).decoded == 0)
        try "{ damaged".write(toFile: scratch.path + "/cache/index.json", atomically: true, encoding: .utf8)
        #expect(try cache(scratch, source).build(videos: paths, threads: 1).decoded == 0)
    }

    /// Entries that a building uses stay, however many; of the others the longest unused go.
    @Test func theFolderKeepsItsBound() throws {
        let scratch = try TemporaryFolder()
        let paths = try scratch.videos([5, 9, 1, 7])
        func build(_ paths: [String], limit: Int64) throws -> ClipCache.Content {
            try ClipCache(
                folder: scratch.path + "/cache", choice: .small(24), clipInterval: 0.25,
                source: MadeUpFrames(),
                limit: limit
            ).build(videos: paths, threads: 1)
        }
        func size(_ name: String) throws -> Int64 { Int64(try scratch.bytes("cache/\(name)").count) }
        let content = try build(paths, limit: 0)
        #expect(content.removed == 0 && content.videos.count == 4)
        let names = try entries(scratch).filter { $0.hasSuffix(".frames") }
        #expect(try content.folderBytes == names.reduce(0) { try $0 + size($1) })
        // The first that was used, and one that a killed run left half written long ago.
        let entry = { (video: CachedVideo) in
            names.first { $0.hasPrefix(String(video.fingerprint.prefix(40))) } ?? ""
        }
        let order = content.videos.map(entry)
        let halves = [".x.frames.1.1.tmp", "x.frames.1.1.temporary"]
        for name in halves {
            try Data(count: 100).write(to: URL(fileURLWithPath: scratch.path + "/cache/" + name))
        }
        for (age, name) in (halves + order).enumerated() {
            let used = Date(timeIntervalSinceNow: Double(100_000 * (age - 6)))
            try FileManager.default.setAttributes(
                [.modificationDate: used], ofItemAtPath: scratch.path + "/cache/" + name)
        }
        // The third is used; of the rest, the first goes, and then there is room for the second and the fourth.
        let kept = try [1, 2, 3].reduce(0) { try $0 + size(order[$1]) }
        let second = try build([paths[2]], limit: kept)
        #expect(second.decoded == 0 && second.removed == 1 && second.folderBytes == kept)
        #expect(try entries(scratch) == (order.dropFirst() + ["index.json"]).sorted())
        // What was used since the beginning is another run's, which began meanwhile.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: 600)],
            ofItemAtPath: scratch.path + "/cache/" + order[2])
        let third = try build([paths[1]], limit: 0)
        #expect(third.removed == 1)
        #expect(try entries(scratch) == ([order[1], order[2], "index.json"]).sorted())
        let again = try build(paths, limit: 0)
        #expect(again.decoded == 2 && again.videos.count == 4)
    }

    @Test func unreadableFilesAreSkippedWithTheirReasonAndRemembered() throws {
        let scratch = try TemporaryFolder()
        var paths = try scratch.videos([5, 9])
        try "broken".write(toFile: scratch.path + "/broken", atomically: true, encoding: .utf8)
        paths += [scratch.path + "/broken", scratch.path + "/missing"]
        let source = MadeUpFrames()
        for _ in 0..<2 {
            let content = try cache(scratch, source).build(videos: paths, threads: 2)
            #expect(content.videos.count == 2)
            #expect(
                content.skipped == [
                    .init(path: paths[2], reason: "not a video"),
                    .init(path: paths[3], reason: "no such file"),
                ])
        }
        #expect(source.decodings.withLock { $0.filter { $0.hasSuffix("broken") }.count } == 1)
    }

    /// It may have been the machine's memory, or the network; and the next run may decode in its own process.
    @Test func aFileThatEndsItsReaderIsTriedInTheNextRun() throws {
        let scratch = try TemporaryFolder()
        let source = MadeUpFrames()
        let path = scratch.path + "/killer"
        try "killer".write(toFile: path, atomically: true, encoding: .utf8)
        for _ in 0..<2 {
            let content = try cache(scratch, source).build(videos: [path], threads: 1)
            #expect(content.skipped == [.init(path: path, reason: "the decoder did not survive it")])
        }
        #expect(source.decodings.withLock(\.count) == 2)
    }

    @Test func copiesOfAVideoAreTakenOnce() throws {
        let scratch = try TemporaryFolder()
        var paths = try scratch.videos([5, 9])
        let copy = scratch.path + "/7x5"
        try FileManager.default.copyItem(atPath: paths[0], toPath: copy)
        paths.append(copy)
        let content = try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
        #expect(content.videos.map(\.path) == [paths[0], paths[1]])
        #expect(content.skipped == [.init(path: copy, reason: "the same content as \(paths[0])")])
    }

    /// The header and the frames, in every region.
    @Test func damagedEntriesAreDecodedAgain() throws {
        let scratch = try TemporaryFolder()
        let paths = try scratch.videos([5])
        _ = try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
        let name = try #require(try entries(scratch).first { $0.hasSuffix(".frames") })
        let whole = try scratch.bytes("cache/\(name)")
        func rebuilt(from bytes: [UInt8]) throws -> Bool {
            // Another file, so that what is mapped of the former one does not change.
            try FileManager.default.removeItem(atPath: scratch.path + "/cache/\(name)")
            try Data(bytes).write(to: URL(fileURLWithPath: scratch.path + "/cache/\(name)"))
            let content = try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
            #expect(content.videos.first?.frameCount == 5)
            #expect(try scratch.bytes("cache/\(name)") == whole)
            return content.decoded == 1
        }
        #expect(try !rebuilt(from: whole))
        let sizes = [0, 1, 100, 256, whole.count - 1] + Array(stride(from: 300, to: whole.count, by: 997))
        for size in sizes {
            #expect(try rebuilt(from: Array(whole[..<size])), "cut at \(size)")
        }
        #expect(try rebuilt(from: whole + [0]))
        let bits =
            Array(stride(from: 0, to: 256 * 8, by: 13))
            + Array(stride(from: 256 * 8, to: whole.count * 8, by: 1_117))
        for bit in bits {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try rebuilt(from: bytes), "bit \(bit)")
        }
    }

    /// A file whose remembered fingerprint was another would be trained on as its own negative.
    @Test func aDamagedIndexOfFilesIsPassedOver() throws {
        let scratch = try TemporaryFolder()
        var paths = try scratch.videos([5, 9])
        paths += [scratch.path + "/7x5", scratch.path + "/broken"]
        try FileManager.default.copyItem(atPath: paths[0], toPath: paths[2])
        try "broken".write(toFile: paths[3], atomically: true, encoding: .utf8)
        func build() throws -> ClipCache.Content {
            try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
        }
        let truth = try build()
        #expect(truth.videos.count == 2 && truth.skipped.count == 2)
        let index = scratch.path + "/cache/index.json"
        let whole = try scratch.bytes("cache/index.json")
        func check(_ bytes: [UInt8], _ what: String) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: index))
            let content = try build()
            #expect(content.decoded == 0 && content.skipped == truth.skipped, "\(what)")
            #expect(content.videos.map(\.path) == truth.videos.map(\.path), "\(what)")
            #expect(content.videos.map(\.fingerprint) == truth.videos.map(\.fingerprint), "\(what)")
            #expect(try scratch.bytes("cache/index.json") == whole, "\(what)")
        }
        for place in stride(from: 0, to: whole.count, by: 3) {
            var bytes = whole
            bytes[place] ^= 1 << UInt8(place % 8)
            try check(bytes, "byte \(place)")
        }
        for size in stride(from: 0, to: whole.count, by: 31) {
            try check(Array(whole[..<size]), "cut at \(size)")
        }
        #expect(try entries(scratch).count == 3)
    }

    @Test func otherSettingsAreOtherEntries() throws {
        let scratch = try TemporaryFolder()
        let paths = try scratch.videos([5])
        _ = try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
        let content = try cache(scratch, MadeUpFrames(), .small(32)).build(videos: paths, threads: 1)
        #expect(content.decoded == 1 && content.videos.first?.width == 32)
        var short = CacheChoice.small(24)
        short.maximumSeconds = 0.75
        #expect(
            try cache(scratch, MadeUpFrames(), short).build(videos: paths, threads: 1).videos[0].frameCount
                == 3)
    }

    @Test func cancellingKeepsWhatIsDone() throws {
        let scratch = try TemporaryFolder()
        let paths = try scratch.videos([5, 6, 7, 8])
        let done = Mutex(0)
        let content = try cache(scratch, MadeUpFrames()).build(
            videos: paths, threads: 1, progress: { count, _ in done.withLock { $0 = count } },
            isCancelled: { done.withLock { $0 >= 2 } })
        #expect(content.isCancelled && content.videos.count == 2)
        let rest = try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
        #expect(rest.decoded == 2 && rest.videos.count == 4 && !rest.isCancelled)
        #expect(try entries(scratch).allSatisfy { !$0.hasSuffix(".temporary") })
    }

    @Test func realVideosAreDecodedOnTheGrid() throws {
        let scratch = try TemporaryFolder()
        let movie = scratch.path + "/bars.mp4"
        let picture = scratch.path + "/picture.jpg"
        try FFmpeg.run([
            "-f", "lavfi", "-i", "testsrc=size=160x120:rate=20:duration=3", "-pix_fmt", "yuv420p", movie,
        ])
        try FFmpeg.run(["-f", "lavfi", "-i", "testsrc=size=160x120", "-frames:v", "1", picture])
        try "not a video".write(toFile: scratch.path + "/text.mp4", atomically: true, encoding: .utf8)
        let cache = ClipCache(folder: scratch.path + "/cache", choice: .small(32), clipInterval: 0.25)
        let content = try cache.build(
            videos: VideoFolder.videos(in: scratch.path), stills: VideoFolder.stills(in: scratch.path),
            threads: 2)
        #expect(content.videos.map(\.path) == [movie, picture])
        #expect(content.videos.map(\.frameCount) == [12, 1])
        #expect(content.skipped.map(\.path) == [scratch.path + "/text.mp4"])
    }

    @Test func aFolderThatIsNotThereIsAnError() {
        #expect(throws: TrainingError.self) { try VideoFolder.videos(in: "/nowhere/at/all") }
    }
}
