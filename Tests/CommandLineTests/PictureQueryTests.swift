import Foundation
import TestSupport
import Testing

/// A picture is a query: in which video is it on screen, and when?
@Suite struct PictureQueryTests {
    /// An index of three films of eight seconds, in which much changes.
    private func indexed() throws -> (TestIndex, films: String) {
        let index = try TestIndex()
        let films = index.folder.path + "/films"
        for (name, source) in [
            ("zoom.mp4", "mandelbrot=s=192x144:r=10:end_scale=0.01"),
            ("cells.mp4", "life=s=24x18:r=2:seed=7:ratio=0.3,scale=192:144"),
            ("card.mp4", "testsrc2=s=192x144:r=10"),
        ] {
            try FFmpeg.draw(source, seconds: 8, to: "\(films)/\(name)", ["-c:v", "mpeg4", "-q:v", "3"])
        }
        #expect(try index.run("index", films).status == 0)
        return (index, films)
    }

    private func frame(_ index: TestIndex, of film: String, _ name: String, _ filter: String = "null") throws
        -> String
    {
        let picture = "\(index.folder.path)/\(name)"
        try FFmpeg.run(["-ss", "5.05", "-i", film, "-frames:v", "1", "-vf", filter, picture])
        return picture
    }

    private func found(_ index: TestIndex, _ picture: String) throws -> (path: String?, shown: [Double]) {
        let outcome = try index.run("search", picture, "--json")
        let reply = try outcome.json()
        let query = try #require(reply["query"] as? [String: Any], "\(outcome.errors)")
        #expect(query["picture"] as? Bool == true && query["duration"] is NSNull)
        let match = try #require((reply["matches"] as? [[String: Any]])?.first)
        #expect(match["score"] is NSNull && match["shares_footage"] is NSNull)
        let segments = match["segments"] as? [[String: Any]] ?? []
        return (match["path"] as? String, segments.first?["target"] as? [Double] ?? [])
    }

    @Test(arguments: [
        ("whole.png", "null"), ("middle.png", "crop=iw*0.8:ih*0.8"), ("small.jpg", "scale=iw/2:ih/2"),
        ("mirrored.webp", "hflip"), ("barred.bmp", "pad=iw:ih*4/3:0:(oh-ih)/2"),
    ])
    func theVideoAndTheSecondAreNamed(_ name: String, _ filter: String) throws {
        let (index, films) = try indexed()
        let film = films + "/cells.mp4"
        let (path, shown) = try found(index, try frame(index, of: film, name, filter))
        #expect(path == film)
        #expect(shown.count == 2 && shown[0] - 0.5 <= 5.05 && 5.05 <= shown[1] + 0.5, "\(shown)")
    }

    @Test func everyWayOfAskingTakesPictures() throws {
        let (index, films) = try indexed()
        let picture = try frame(index, of: films + "/card.mp4", "frame.png")
        let alone = try index.run("search", picture, "--json").json()["matches"] as? [[String: Any]]
        let line = #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"video":"\#(picture)"}}"#
        let served = try index.run("serve", input: line + "\n").lines
        let result = try #require(served.first?["result"] as? [String: Any])
        let distances = (result["matches"] as? [[String: Any]])?.map { $0["distance"] as? Double }
        #expect(distances == alone?.map { $0["distance"] as? Double } && alone?.count == 3)
        #expect(try index.run("search", picture).output.contains("card.mp4"))
        // Scores are of videos: nothing is said in their place.
        let scored = try index.run("search", picture, "--min-score", "0.5")
        #expect(scored.status != 0 && scored.errors.contains("scores"))
    }

    @Test func noPictureIsIndexedAndNoTextIsOne() throws {
        let (index, films) = try indexed()
        let picture = try frame(index, of: films + "/card.mp4", "frame.png")
        _ = try index.run("index", picture)
        #expect(try index.run("info", "--failures").output.contains("a still image"))
        let text = index.folder.file("text.png")
        try "no picture".write(toFile: text, atomically: true, encoding: .utf8)
        #expect(try index.run("search", text).status != 0)
    }
}
