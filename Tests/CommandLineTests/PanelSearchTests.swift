import Foundation
import Testing
import TestSupport

/// Queries that show a video of the library in a panel, turned or inverted, through the whole way: files, the shipped model, an
/// index, searches.
@Suite struct PanelSearchTests {
    private static let library = Result { try Library() }

    private struct Library {
        let folder: TemporaryFolder
        var index: String { folder.path + "/index" }

        init() throws {
            folder = try TemporaryFolder()
            let films = [
                "testsrc2=s=320x240:r=12:d=8", "mandelbrot=s=320x240:r=12,trim=duration=8",
                "life=s=160x120:r=12:mold=10:ratio=0.3:seed=3,trim=duration=8,scale=320:240",
                "gradients=s=320x240:r=12:d=8:seed=4:speed=0.05",
            ]
            try FileManager.default.createDirectory(
                atPath: folder.path + "/videos", withIntermediateDirectories: true)
            for (number, film) in films.enumerated() { try draw(film, to: self.film(number)) }
            try draw(
                "mandelbrot=s=320x240:r=12:start_scale=0.3:end_scale=0.001:end_pts=200,trim=duration=8",
                to: folder.file("stranger.mp4"))
            let made = try Running.run(["index", folder.path + "/videos", "--index", index])
            guard made.status == 0 else { throw RunFailure(made.errors) }
        }

        private func draw(_ film: String, to path: String) throws {
            try FFmpeg.run([
                "-f", "lavfi", "-i", film + ",setsar=1,fps=12", "-c:v", "libx264", "-preset", "ultrafast",
                "-pix_fmt", "yuv420p", path,
            ])
        }

        func film(_ number: Int) -> String { folder.path + "/videos/\(number).mp4" }

        /// The answer for an edited film of the library.
        func answer(_ number: Int, _ name: String, _ graph: String, _ options: String...) throws -> [String:
            Any]
        {
            let query = folder.file("\(name).mp4")
            try FFmpeg.run([
                "-i", film(number), "-i", folder.file("stranger.mp4"), "-filter_complex", graph, "-map",
                "[out]",
                "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", query,
            ])
            let outcome = try Running.run(["search", query, "--index", index, "--json"] + options)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try outcome.json()
        }
    }

    private func first(_ answer: [String: Any]) throws -> [String: Any] {
        try #require((answer["matches"] as? [[String: Any]])?.first)
    }

    @Test func aPanelIsFound() throws {
        let library = try Self.library.get()
        let answer = try library.answer(1, "beside", "[1:v][0:v]hstack[out]")
        let match = try first(answer)
        #expect(match["path"] as? String == library.film(1) && match["shares_footage"] as? Bool == true)
        let region = try #require(match["query_region"] as? [Double])
        #expect(abs(region[0] - 0.5) < 0.03 && abs(region[2] - 0.5) < 0.03 && region[3] > 0.95)
        #expect((answer["query"] as? [String: Any])?["panels"] != nil)
        // A panel adds nothing but shared footage.
        for match in answer["matches"] as? [[String: Any]] ?? [] where match["query_region"] != nil {
            #expect(match["shares_footage"] as? Bool == true)
        }
    }

    @Test func aTurnedFilmIsFound() throws {
        let library = try Self.library.get()
        let match = try first(try library.answer(1, "turned", "[0:v]transpose=1[out];[1:v]nullsink"))
        #expect(match["path"] as? String == library.film(1) && match["shares_footage"] as? Bool == true)
        #expect(match["query_turned"] as? Int == 270)
    }

    @Test func anInvertedFilmIsFound() throws {
        let library = try Self.library.get()
        let match = try first(try library.answer(1, "inverted", "[0:v]negate[out];[1:v]nullsink"))
        #expect(match["path"] as? String == library.film(1) && match["shares_footage"] as? Bool == true)
        #expect(match["query_inverted"] as? Bool == true)
    }

    /// `--thorough` changes nothing of what is found as it is, and no panel is claimed.
    @Test func aPlainQueryStaysAsItIs() throws {
        let library = try Self.library.get()
        let query = library.folder.file("plain.mp4")
        try FFmpeg.run(["-i", library.film(1), "-vf", "scale=200:150", "-pix_fmt", "yuv420p", query])
        let plain = try Running.run(["search", query, "--index", library.index, "--json"]).json()
        #expect((plain["query"] as? [String: Any])?["panels"] == nil)
        let match = try first(plain)
        #expect(match["shares_footage"] as? Bool == true)
        let views = match.keys.filter { $0.hasPrefix("query_") }
        #expect(views.isEmpty)
        let thorough = try Running.run(["search", query, "--index", library.index, "--json", "--thorough"])
            .json()
        func facts(_ answer: [String: Any]) -> [String] {
            (answer["matches"] as? [[String: Any]] ?? []).map {
                "\($0["path"] ?? "") \($0["distance"] ?? "") \($0["score"] ?? "")"
            }
        }
        #expect(facts(thorough) == facts(plain) && facts(plain).count > 1)
    }
}
