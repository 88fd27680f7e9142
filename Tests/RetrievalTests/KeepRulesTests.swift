import Base
import Indexing
import Retrieval
import Testing

/// Rules that say which video of a group is kept, and which others are listed.
@Suite struct KeepRulesTests {
    func video(_ path: String, codec: String = "h264", width: Int = 320, modified: Int64 = 5) -> IndexedVideo
    {
        IndexedVideo(
            id: 1,
            identity: FileIdentity(path: path, fingerprint: path, size: 1000, modified: modified),
            facts: StreamFacts(
                container: "mp4", codec: codec, width: width, height: 240, duration: 10, frameRate: 25),
            clipCount: 1)
    }

    func kept(_ videos: [IndexedVideo], _ change: (inout KeepRules) -> Void) -> (String, [KeptVideo.Reason]) {
        var rules = KeepRules()
        change(&rules)
        let (kept, reasons) = KeptVideo.choose(videos, rules: rules)
        return (videos[kept].identity.path, reasons)
    }

    @Test func foldersGoBeforeWhatVideosAreLike() {
        let videos = [video("/new/a", width: 640), video("/old/b"), video("/safe/c")]
        #expect(kept(videos) { _ in }.0 == "/new/a")
        #expect(
            kept(videos) { $0.keepUnder = ["/old"] } == ("/old/b", [.otherFolder, .keptFolder, .otherFolder]))
        #expect(kept(videos) { $0.keepUnder = ["/none", "/safe", "/old"] }.0 == "/safe/c")
        #expect(kept(videos) { $0.neverTouch = ["/safe"] }.0 == "/safe/c")
        #expect(
            kept(videos) {
                $0.keepUnder = ["/old"]; $0.neverTouch = ["/safe"]
            }.0 == "/old/b")
        #expect(kept(videos) { $0.against = ["/old"] }.0 == "/old/b")
        // A folder is no prefix of a name.
        #expect(kept(videos) { $0.keepUnder = ["/ol"] }.0 == "/new/a")
    }

    @Test func preferencesAreAskedInTheirOrder() {
        let videos = [
            video("/x/long name.mp4", codec: "hevc", modified: 1), video("/y/b.mp4", width: 640, modified: 3),
            video("/z/c.mp4", modified: 2),
        ]
        #expect(
            kept(videos) { $0.preferences = [.codec] } == (
                "/x/long name.mp4", [.bestCodec, .lesserCodec, .lesserCodec]
            ))
        #expect(kept(videos) { $0.preferences = [.oldest] }.0 == "/x/long name.mp4")
        #expect(kept(videos) { $0.preferences = [.newest] } == ("/y/b.mp4", [.older, .newest, .older]))
        #expect(kept(videos) { $0.preferences = [.name, .picture] }.0 == "/y/b.mp4")
        #expect(kept(videos) { $0.preferences = [.name] }.0 == "/y/b.mp4")
        #expect(
            kept(videos) { $0.preferences = [.path, .picture] } == (
                "/x/long name.mp4", [.firstPath, .laterPath, .laterPath]
            ))
        #expect(kept(videos) { $0.preferences = [] }.0 == "/x/long name.mp4")
    }

    @Test func pairsCountByTheirFolders() {
        func admits(_ path: String, for kept: String, _ change: (inout KeepRules) -> Void) -> Bool {
            var rules = KeepRules()
            change(&rules)
            return rules.admits(path, for: kept)
        }
        #expect(admits("/a/x", for: "/b/y") { _ in })
        #expect(!admits("/a/x", for: "/b/y") { $0.pairing = .within })
        #expect(admits("/a/x", for: "/a/y") { $0.pairing = .within })
        #expect(admits("/a/x", for: "/b/y") { $0.pairing = .across })
        #expect(!admits("/a/x", for: "/a/y") { $0.pairing = .across })
        #expect(!admits("/a/b/x", for: "/b/y") { $0.neverTouch = ["/a"] })
        #expect(admits("/new/x", for: "/library/y") { ($0.listed, $0.against) = (["/new"], ["/library"]) })
        #expect(
            !admits("/library/x", for: "/library/y") { ($0.listed, $0.against) = (["/new"], ["/library"]) })
        #expect(!admits("/new/x", for: "/new/y") { ($0.listed, $0.against) = (["/new"], ["/library"]) })
    }
}
