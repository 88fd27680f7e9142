import Foundation
import Synchronization
import Testing
import Training

@Suite struct ClipCacheTests {
    private func cache(
        _ scratch: Scratch, _ source: MadeUpFrames, _ choice: CacheChoice = .small(24), verifies: Bool = false
    ) -> ClipCache {
        ClipCache(
            folder: scratch.path + "/cache", choice: choice, clipInterval: 0.25, source: source,
            verifiesFrames: verifies)
    }

    private func entries(_ scratch: Scratch) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/cache").sorted()
    }

    @Test func decodesOnceAndOpensAgain() throws {
        let scratch = try Scratch()
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

    @Test func unreadableFilesAreSkippedWithTheirReasonAndRemembered() throws {
        let scratch = try Scratch()
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

    @Test func copiesOfAVideoAreTakenOnce() throws {
        let scratch = try Scratch()
        var paths = try scratch.videos([5, 9])
        let copy = scratch.path + "/7x5"
        try FileManager.default.copyItem(atPath: paths[0], toPath: copy)
        paths.append(copy)
        let content = try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
        #expect(content.videos.map(\.path) == [paths[0], paths[1]])
        #expect(content.skipped == [.init(path: copy, reason: "the same content as \(paths[0])")])
    }

    @Test func damagedEntriesAreDecodedAgain() throws {
        let scratch = try Scratch()
        let paths = try scratch.videos([5])
        _ = try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
        let name = try #require(try entries(scratch).first { $0.hasSuffix(".frames") })
        let whole = try scratch.bytes("cache/\(name)")
        func rebuilt(from bytes: [UInt8], verifies: Bool = false) throws -> Int {
            try FileManager.default.removeItem(atPath: scratch.path + "/cache/\(name)")
            try Data(bytes).write(to: URL(fileURLWithPath: scratch.path + "/cache/\(name)"))
            let content = try cache(scratch, MadeUpFrames(), verifies: verifies).build(
                videos: paths, threads: 1)
            #expect(content.videos.first?.frameCount == 5)
            #expect(try scratch.bytes("cache/\(name)") == (content.decoded == 1 ? whole : bytes))
            return content.decoded
        }
        #expect(try rebuilt(from: whole, verifies: true) == 0)
        for size in [0, 1, 100, 256, whole.count - 1] {
            #expect(try rebuilt(from: Array(whole[..<size])) == 1)
        }
        #expect(try rebuilt(from: whole + [0]) == 1)
        for bit in stride(from: 0, to: 256 * 8, by: 41) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try rebuilt(from: bytes) == 1, "bit \(bit) of the header")
        }
        var bytes = whole
        bytes[whole.count - 77] ^= 4
        #expect(try rebuilt(from: bytes) == 0, "frames are only looked at where asked for")
        #expect(try rebuilt(from: bytes, verifies: true) == 1)
    }

    @Test func otherSettingsAreOtherEntries() throws {
        let scratch = try Scratch()
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
        let scratch = try Scratch()
        let paths = try scratch.videos([5, 6, 7, 8])
        let done = Mutex(0)
        let content = try cache(scratch, MadeUpFrames()).build(
            videos: paths, threads: 1, progress: { count, _ in done.withLock { $0 = count } },
            isCancelled: { done.withLock { $0 >= 2 } })
        #expect(content.isCancelled && content.videos.count == 2)
        let rest = try cache(scratch, MadeUpFrames()).build(videos: paths, threads: 1)
        #expect(rest.decoded == 2 && rest.videos.count == 4 && !rest.isCancelled)
        #expect(try entries(scratch).allSatisfy { !$0.hasSuffix(".tmp") })
    }

    @Test func realVideosAreDecodedOnTheGrid() throws {
        let scratch = try Scratch()
        let movie = scratch.path + "/bars.mp4"
        let picture = scratch.path + "/picture.jpg"
        try ffmpeg([
            "-f", "lavfi", "-i", "testsrc=size=160x120:rate=20:duration=3", "-pix_fmt", "yuv420p", movie,
        ])
        try ffmpeg(["-f", "lavfi", "-i", "testsrc=size=160x120", "-frames:v", "1", picture])
        try "not a video".write(toFile: scratch.path + "/text.mp4", atomically: true, encoding: .utf8)
        let cache = ClipCache(folder: scratch.path + "/cache", choice: .small(32), clipInterval: 0.25)
        let content = try cache.build(
            videos: VideoFolder.videos(in: scratch.path), stills: VideoFolder.stills(in: scratch.path),
            threads: 2)
        #expect(content.videos.map(\.path) == [movie] && content.videos.map(\.frameCount) == [12])
        #expect(content.skipped.map(\.path) == [scratch.path + "/text.mp4", picture])
        #expect(content.skipped.last?.reason == "still pictures cannot be read by this build")
    }

    @Test func aFolderThatIsNotThereIsAnError() {
        #expect(throws: TrainingError.self) { try VideoFolder.videos(in: "/nowhere/at/all") }
    }
}

/// Runs the program, silently; fails the test where it fails.
func ffmpeg(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["ffmpeg", "-v", "error", "-y", "-nostdin"] + arguments
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
}
