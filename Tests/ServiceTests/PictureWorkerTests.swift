import Foundation
import Isolation
import Library
import Testing
import TestSupport
import VideoDecoding

/// Workers that are asked for pictures: shell scripts in their place.
@Suite struct PictureWorkerTests {
    /// What comes of asking twice for a picture of 64 pixels.
    private static func outcomes(_ script: String) throws -> [Result<Thumbnail, LibraryError>] {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let program = try folder.worker(
            "head -c 1 >/dev/null\necho >> '\(folder.path)/starts'\n" + script)
        let video = try folder.noVideo()
        let library = VideoLibrary(
            LibraryConfiguration(
                indexFolder: folder.path, modelFolder: folder.path, worker: .at(program)))
        var request = ThumbnailRequest(video: video)
        request.width = 64
        return (0..<2).map { _ in
            Result { () throws(LibraryError) in try library.thumbnail(request) }
        }
    }

    /// The shell's words for a picture.
    private static func picture(
        _ members: String, bytes: String = #"\377\330\377\340"#, announced: Int = 4
    ) -> String { #"printf '{"picture":{\#(members)},"bytes":\#(announced)}\n\#(bytes)'"# }

    @Test func aPictureIsTakenAndTheWorkerKept() throws {
        let answer = Self.picture(#""width":64,"height":36,"time":1.5"#)
        // One that ended after its first answer would have to be started again, and would say something else.
        let outcomes = try Self.outcomes(
            "\(answer); head -c 1 >/dev/null; \(answer.replacingOccurrences(of: "1.5", with: "2.5")); sleep 9"
        )
        let pictures = try outcomes.map { try $0.get() }
        #expect(pictures.map(\.time) == [1.5, 2.5])
        #expect(
            pictures.allSatisfy { $0.width == 64 && $0.height == 36 && $0.bytes == [0xFF, 0xD8, 0xFF, 0xE0] })
    }

    @Test func aWorkerThatDiesIsStartedAgain() throws {
        let outcomes = try Self.outcomes("kill -SEGV $$")
        for outcome in outcomes {
            #expect(throws: LibraryError.self) { try outcome.get() }
            guard case .failure(let error) = outcome else { continue }
            #expect(error.reason == "decoder_failed" && error.message.contains("signal 11"))
        }
    }

    /// Nothing that a worker says is believed for its looks.
    @Test(arguments: [
        picture(#""width":64,"height":36,"time":1"#, bytes: "<svg"),
        picture(#""width":64,"height":36,"time":1"#, announced: 6 * 64 * 64 + 1),
        picture(#""width":65,"height":36,"time":1"#), picture(#""width":64,"height":0,"time":1"#),
        picture(#""width":64,"height":36,"time":-1"#),
        #"echo '{"picture":{"width":64,"height":36,"time":1}}'"#,
    ])
    func whatIsNoPictureIsNoAnswer(script: String) throws {
        for outcome in try Self.outcomes(script + "; sleep 9") {
            guard case .failure(let error) = outcome else {
                Issue.record("it was taken: \(script)")
                continue
            }
            #expect(error.reason == "decoder_failed")
        }
    }
}
