import Foundation
import Testing
import TestSupport

/// `mixtape serve` over real pipes.
@Suite struct ServeTests {
    @Test func aGoodSearchABadLineAndAMissingFileGetThreeReplies() throws {
        let index = try CommandTests.indexed.get()
        let input = """
            {"jsonrpc":"2.0","id":1,"method":"search","params":{"video":"\(index.material.video(5))","limit":3}}
            this is not JSON
            {"jsonrpc":"2.0","id":3,"method":"search","params":{"video":"/no/such/video.mp4"}}

            """
        let outcome = try index.run("serve", input: input)
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        #expect(outcome.lines.count == 3)
        let good = try #require(outcome.lines.first { $0["id"] as? Int == 1 })
        let matches = try #require((good["result"] as? [String: Any])?["matches"] as? [[String: Any]])
        #expect(matches.count == 3)
        #expect(matches.first?["path"] as? String == index.material.video(5))
        let bad = try #require(outcome.lines.first { $0["id"] is NSNull })
        #expect((bad["error"] as? [String: Any])?["code"] as? Int == -32700)
        let missing = try #require(outcome.lines.first { $0["id"] as? Int == 3 })
        let error = try #require(missing["error"] as? [String: Any])
        #expect(error["code"] as? Int == -32010)
        #expect((error["data"] as? [String: Any])?["reason"] as? String == "not_found")
    }

    @Test func aFolderIsIndexedAndSearchedInOneConversation() throws {
        let index = try TestIndex()
        let pipes = try Conversation(["serve"] + index.options)
        pipes.say(
            #"{"jsonrpc":"2.0","id":"job","method":"index","params":{"folders":["\#(index.material.videos)"]}}"#
        )
        var progress = 0
        var result: [String: Any]?
        while result == nil, let line = pipes.next() {
            if line["method"] as? String == "progress" {
                progress += 1
                #expect((line["params"] as? [String: Any])?["id"] as? String == "job")
            } else {
                result = line["result"] as? [String: Any]
                #expect(line["id"] as? String == "job")
            }
        }
        #expect(progress > 0)
        #expect(result?["indexed"] as? Int == index.material.count)
        pipes.say(
            #"{"jsonrpc":"2.0","id":2,"method":"search","params":{"video":"\#(index.material.video(8))"}}"#)
        let found = pipes.next()?["result"] as? [String: Any]
        #expect((found?["matches"] as? [[String: Any]])?.first?["path"] as? String == index.material.video(8))
        pipes.say(
            #"{"jsonrpc":"2.0","id":3,"method":"remove","params":{"paths":["\#(index.material.video(8))"]}}"#)
        #expect((pipes.next()?["result"] as? [String: Any])?["removed"] as? Int == 1)
        pipes.say(#"{"jsonrpc":"2.0","id":4,"method":"info"}"#)
        let info = pipes.next()?["result"] as? [String: Any]
        #expect((info?["videos"] as? [String: Int])?["ready"] == index.material.count - 1)
        #expect(pipes.end() == 0)
    }

    /// A long film is named, and moves the bar, while it is read.
    @Test func aLongFilmTellsHowFarItIs() throws {
        let index = try TestIndex()
        let videos = index.folder.path + "/films"
        try FileManager.default.createDirectory(atPath: videos, withIntermediateDirectories: true)
        let film = videos + "/film.mp4"
        let part = index.folder.path + "/part.mp4"
        try FFmpeg.run([
            "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=20", "-c:v", "libx264", "-preset", "ultrafast",
            part,
        ])
        // Long enough that a worker says a few times how far it is, which is once a second.
        try FFmpeg.run(["-stream_loop", "59", "-i", part, "-c", "copy", film])
        let pipes = try Conversation(["serve"] + index.options)
        pipes.say(
            #"{"jsonrpc":"2.0","id":1,"method":"index","params":{"folders":["\#(videos)"],"workers":1}}"#)
        var shares: [Double] = []
        while let line = pipes.next(), let progress = line["params"] as? [String: Any] {
            guard progress["phase"] as? String == "encoding" else { continue }
            let (done, total) = (progress["bytes_done"] as? Int ?? -1, progress["bytes_total"] as? Int ?? 0)
            // The last word may come between the end of the file and that of the run.
            let files = progress["done"] as? Int
            #expect(done <= total && (files == 0 || files == 1 && done == total), "\(progress)")
            if (progress["reading"] as? [String])?.isEmpty == false {
                #expect(progress["reading"] as? [String] == [film] && progress["current"] as? String == film)
            }
            shares.append(Double(done) / Double(total))
        }
        #expect(shares == shares.sorted() && Set(shares.filter { $0 > 0 && $0 < 1 }).count >= 2, "\(shares)")
        #expect(pipes.end() == 0)
    }

    @Test func anIndexRunIsCancelledAndWhatItStoredStays() throws {
        let index = try TestIndex()
        let pipes = try Conversation(["serve"] + index.options)
        let request =
            #"{"jsonrpc":"2.0","id":1,"method":"index","params":{"folders":["\#(index.material.videos)"],"workers":1}}"#
        try index.waitUntilReady(2) { pipes.say(request) }
        pipes.say(#"{"jsonrpc":"2.0","id":2,"method":"cancel","params":{"id":1}}"#)
        var codes: [Int: Int] = [:]
        while codes.count < 2, let line = pipes.next() {
            guard let id = line["id"] as? Int else { continue }
            codes[id] = (line["error"] as? [String: Any])?["code"] as? Int ?? 0
        }
        #expect(codes == [1: -32030, 2: 0])
        #expect(pipes.end() == 0)
        #expect((2..<index.material.count).contains(try index.ready()))
    }

    @Test func aClientThatGoesAwayEndsTheServiceQuietly() throws {
        let index = try CommandTests.indexed.get()
        let pipes = try Conversation(["serve"] + index.options)
        pipes.say(#"{"jsonrpc":"2.0","id":1,"method":"info"}"#)
        #expect(pipes.next() != nil)
        pipes.stopReading()
        #expect(pipes.waitForEnd() == 0)
        #expect(pipes.errors() == "")
    }

    @Test func aSignalEndsTheService() throws {
        let index = try CommandTests.indexed.get()
        let pipes = try Conversation(["serve"] + index.options)
        pipes.say(#"{"jsonrpc":"2.0","id":1,"method":"info"}"#)
        #expect(pipes.next() != nil)
        kill(pipes.process.processIdentifier, SIGINT)
        #expect(pipes.waitForEnd() == 130)
    }
}

/// A program that is spoken to and answers, one line at a time.
final class Conversation {
    let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let complaints = Pipe()
    private var buffer: [UInt8] = []

    init(_ arguments: [String]) throws {
        signal(SIGPIPE, SIG_IGN)
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = complaints
        try process.run()
        // Held by the child alone, so that both ends notice when the other goes.
        try input.fileHandleForReading.close()
        try output.fileHandleForWriting.close()
        try complaints.fileHandleForWriting.close()
    }

    func say(_ line: String) {
        try? input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// The next line as JSON; nil at the end.
    func next() -> [String: Any]? {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = Data(buffer[..<end])
                buffer.removeFirst(end + 1)
                return (try? JSONSerialization.jsonObject(with: line)) as? [String: Any]
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { return nil }
            buffer += more
        }
    }

    /// Ends the input and waits; the exit status.
    func end() -> Int32 {
        try? input.fileHandleForWriting.close()
        return waitForEnd()
    }

    func stopReading() { try? output.fileHandleForReading.close() }

    func waitForEnd() -> Int32 {
        if !eventually({ !process.isRunning }), process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    func errors() -> String {
        String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
}
