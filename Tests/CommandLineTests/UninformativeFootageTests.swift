import Foundation
import Testing
import TestSupport

/// Black, flat and shared footage through the whole way: files, the shipped model, an index, searches and groups.
@Suite struct UninformativeFootageTests {
    /// Five films of eight seconds that begin with the same four seconds of black.
    private static let library = Result { try Library() }

    private struct Library {
        let folder: TemporaryFolder
        var index: String { folder.path + "/index" }

        init() throws {
            folder = try TemporaryFolder()
            let videos = folder.path + "/videos"
            try FileManager.default.createDirectory(atPath: videos, withIntermediateDirectories: true)
            let films = [
                "testsrc2=s=320x240:r=12:d=8", "mandelbrot=s=320x240:r=12,trim=duration=8",
                "life=s=160x120:r=12:mold=10:ratio=0.3:seed=3,trim=duration=8",
                "gradients=s=320x240:r=12:d=8:seed=4:speed=0.05",
                "cellauto=s=320x240:r=12:seed=7,trim=duration=8",
            ]
            for (number, film) in films.enumerated() {
                try FFmpeg.run([
                    "-f", "lavfi", "-i", "color=black:s=320x240:r=12:d=4", "-f", "lavfi", "-i", film,
                    "-filter_complex",
                    "[1:v]scale=320:240,fps=12,setsar=1[b];[0:v]setsar=1[a];[a][b]concat=n=2:v=1",
                    "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
                    "\(videos)/\(number).mp4",
                ])
            }
            let made = try Running.run(["index", videos, "--index", index])
            guard made.status == 0 else { throw RunFailure(made.errors) }
        }

        func film(_ number: Int) -> String { folder.path + "/videos/\(number).mp4" }

        func search(_ video: String, _ options: String...) throws -> [String: Any] {
            let outcome = try Running.run(["search", video, "--index", index, "--json"] + options)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try outcome.json()
        }
    }

    private func isLow(_ answer: [String: Any]) throws -> Bool {
        try #require((answer["query"] as? [String: Any])?["low_information"] as? Bool)
    }

    private func matches(_ answer: [String: Any]) throws -> [[String: Any]] {
        try #require(answer["matches"] as? [[String: Any]])
    }

    /// A query that shows nothing says so, and claims no match.
    @Test(arguments: ["black", "0x808080", "white"]) func aFlatQueryIsOfLowInformation(color: String) throws {
        let library = try Self.library.get()
        let path = "\(library.folder.path)/\(color).mp4"
        try FFmpeg.run([
            "-f", "lavfi", "-i", "color=\(color):s=320x240:r=12:d=8", "-pix_fmt", "yuv420p", path,
        ])
        let answer = try library.search(path)
        #expect(try isLow(answer))
        for match in try matches(answer) {
            #expect(match["shares_footage"] as? Bool != true)
            #expect((match["segments"] as? [Any])?.isEmpty ?? true)
        }
    }

    /// The black that all begin with is no match; what follows it is.
    @Test func aSharedBlackStartIsNoMatch() throws {
        let library = try Self.library.get()
        for number in 0..<5 {
            let answer = try library.search(library.film(number), "--exclude-self")
            #expect(try !isLow(answer))
            for match in try matches(answer) {
                #expect((match["segments"] as? [Any])?.isEmpty ?? true)
                #expect(match["shares_footage"] as? Bool == false)
            }
        }
        let groups = try Running.run(["duplicates", "--index", library.index, "--json"])
        #expect(groups.status == 0, "\(groups.errors)")
        #expect(try #require(try groups.json()["groups"] as? [Any]).isEmpty)
    }

    @Test func aCopyIsPlacedBehindTheBlackStart() throws {
        let library = try Self.library.get()
        let copy = library.folder.path + "/copy.mp4"
        try FFmpeg.run([
            "-ss", "4", "-t", "8", "-i", library.film(1), "-vf", "hflip,scale=240:180", "-pix_fmt", "yuv420p",
            copy,
        ])
        let best = try #require(try matches(try library.search(copy)).first)
        #expect(best["path"] as? String == library.film(1))
        #expect(best["shares_footage"] as? Bool == true)
        let segment = try #require((best["segments"] as? [[String: Any]])?.first)
        let target = try #require(segment["target"] as? [Double])
        #expect(abs(target[0] - 4) < 1 && abs(target[1] - 12) < 1)
    }
}
