import Foundation
import Testing
import TestSupport
import VideoDecoding

/// Playlists past the first wall, which knows them by their demuxers' names: they must open nothing all the same.
///
/// What is opened is watched, in a process of its own: concat takes names below the current folder alone.
@Suite struct SecondWallTests {
    /// Whether anybody opened a file since this was made (inotify(7)).
    private final class Watch {
        private let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))

        init(_ path: String) throws {
            try #require(inotify_add_watch(descriptor, path, UInt32(IN_OPEN)) >= 0)
        }

        deinit { close(descriptor) }

        func wasOpened() -> Bool {
            var bytes = [UInt8](repeating: 0, count: 4096)
            return Glibc.read(descriptor, &bytes, bytes.count) > 0
        }
    }

    /// Reads a playlist of one file.
    private static func read(
        _ name: String, naming referenced: String, _ text: String
    ) throws -> (demuxer: String?, packets: Int, wasOpened: Bool) {
        try Data(text.utf8).write(to: URL(fileURLWithPath: name))
        let watch = try Watch(referenced)
        let result = try UnrefusedContainer.read(path: name)
        return (result?.demuxer, result?.packets ?? 0, watch.wasOpened())
    }

    /// In a folder of its own, with a video in two containers.
    private static func enterFolder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try NumberedVideo.make(in: folder, "part.ts", count: 30)
        try NumberedVideo.make(in: folder, "part.mp4", count: 30)
        try #require(chdir(folder.path) == 0)
        return folder
    }

    @Test func theWatchSeesWhatIsOpened() async {
        await #expect(processExitsWith: .success) {
            let folder = try Self.enterFolder()
            defer { withExtendedLifetime(folder) {} }
            let watch = try Watch("part.ts")
            try #require(!watch.wasOpened())
            let result = try UnrefusedContainer.read(path: folder.file("part.ts"))
            try #require(result?.demuxer == "mpegts" && result?.packets == 30)
            try #require(watch.wasOpened())
        }
    }

    @Test func hlsOpensNoSegment() async {
        await #expect(processExitsWith: .success) {
            let folder = try Self.enterFolder()
            defer { withExtendedLifetime(folder) {} }
            let segment = folder.file("part.ts")
            let text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\n\(segment)\n#EXT-X-ENDLIST\n"
            let found = try Self.read("list.m3u8", naming: "part.ts", text)
            try #require(found.demuxer == "hls" && found.packets == 0 && !found.wasOpened)
        }
    }

    /// Which makes a context for itself.
    @Test func concatOpensNoFile() async {
        await #expect(processExitsWith: .success) {
            let folder = try Self.enterFolder()
            defer { withExtendedLifetime(folder) {} }
            let text = "ffconcat version 1.0\nfile part.ts\n"
            let found = try Self.read("list.ffconcat", naming: "part.ts", text)
            try #require(found.demuxer == "concat" && found.packets == 0 && !found.wasOpened)
        }
    }

    /// As does this.
    @Test func dashOpensNoFragment() async {
        await #expect(processExitsWith: .success) {
            let folder = try Self.enterFolder()
            defer { withExtendedLifetime(folder) {} }
            let text = """
                <?xml version="1.0"?>
                <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011"
                 type="static" mediaPresentationDuration="PT1.2S" minBufferTime="PT1.2S"><Period><AdaptationSet
                 contentType="video"><Representation id="0" mimeType="video/mp4" bandwidth="1000"><BaseURL>\
                \(folder.file("part.mp4"))</BaseURL></Representation></AdaptationSet></Period></MPD>
                """
            let found = try Self.read("list.mpd", naming: "part.mp4", text)
            // An FFmpeg without libxml2 has no such demuxer.
            try #require(found.demuxer == "dash" || found.demuxer == nil)
            try #require(found.packets == 0 && !found.wasOpened)
        }
    }
}
