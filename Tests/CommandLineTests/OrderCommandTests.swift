import Foundation
import Testing
import TestSupport

/// One pipe from a folder to answers, and lists that are answered while they are written.
@Suite struct OrderCommandTests {
    @Test func aFolderIsIndexedAndSearchedByOnePipe() throws {
        let index = try TestIndex()
        let lines = [
            #"{"jsonrpc":"2.0","id":1,"method":"index","params":{"folders":["\#(index.material.videos)"]}}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"search","params":{"video":"\#(index.material.video(8))"}}"#,
        ]
        let outcome = try index.run("serve", "--in-order", input: lines.joined(separator: "\n"))
        #expect(outcome.status == 0 && outcome.errors == "")
        let replies = outcome.lines.filter { $0["method"] == nil }
        #expect(replies.map { $0["id"] as? Int } == [1, 2])
        #expect((replies.first?["result"] as? [String: Any])?["indexed"] as? Int == index.material.count)
        let matches = (replies.last?["result"] as? [String: Any])?["matches"] as? [[String: Any]]
        #expect(matches?.first?["path"] as? String == index.material.video(8))
    }

    @Test func afterDoesTheSameOfTwoRequests() throws {
        let index = try TestIndex()
        let lines = [
            #"{"jsonrpc":"2.0","id":1,"method":"index","params":{"folders":["\#(index.material.videos)"]}}"#,
            #"{"jsonrpc":"2.0","id":2,"after":1,"method":"search","params":{"video":"\#(index.material.video(8))"}}"#,
            #"{"jsonrpc":"2.0","id":3,"after":9,"method":"info"}"#,
        ]
        let outcome = try index.run("serve", input: lines.joined(separator: "\n"))
        let replies = outcome.lines.filter { $0["method"] == nil }
        #expect(replies.map { $0["id"] as? Int } == [3, 1, 2])
        #expect(replies.last?["result"] != nil)
    }

    @Test func inOrderACancelStillEndsWhatRuns() throws {
        let index = try TestIndex()
        let pipes = try Conversation(["serve", "--in-order"] + index.options)
        let request =
            #"{"jsonrpc":"2.0","id":1,"method":"index","params":{"folders":["\#(index.material.videos)"],"workers":1}}"#
        try index.waitUntilReady(2) {
            pipes.say(request)
            pipes.say(#"{"jsonrpc":"2.0","id":2,"method":"info"}"#)
        }
        pipes.say(#"{"jsonrpc":"2.0","id":3,"method":"cancel","params":{"id":1}}"#)
        var ids: [Int] = []
        while ids.count < 3, let line = pipes.next() {
            if line["method"] == nil, let id = line["id"] as? Int { ids.append(id) }
        }
        #expect(Set(ids[..<2]) == [1, 3] && ids.last == 2)
        #expect(pipes.end() == 0)
    }

    @Test func aListIsAnsweredWhileItIsWritten() throws {
        let index = try CommandTests.indexed.get()
        let pipes = try Conversation(["search", "--batch", "-", "--json", "--limit", "1"] + index.options)
        for number in [4, 7] {
            let begin = Date()
            pipes.say(index.material.video(number))
            // The input stays open: an answer that waits for its end would never come.
            let answer = try #require(pipes.next())
            #expect((answer["query"] as? [String: Any])?["path"] as? String == index.material.video(number))
            let took = Date().timeIntervalSince(begin) * 1000
            #expect((answer["elapsed_ms"] as? Double ?? .infinity) <= took + 1)
        }
        pipes.say(#"{"video":"\#(index.material.video(2))","limit":3,"exclude_self":true}"#)
        #expect((pipes.next()?["matches"] as? [Any])?.count == 3)
        pipes.say(#"{"video":"\#(index.material.video(2))","limt":3}"#)
        let refused = try #require(pipes.next())
        let data = (refused["error"] as? [String: Any])?["data"] as? [String: Any]
        #expect(data?["parameter"] as? String == "limt")
        #expect(refused["video"] as? String == index.material.video(2))
        // The tests' model has no scores, which is the fault of this line alone.
        pipes.say(#"{"video":"\#(index.material.video(2))","min_score":0.5}"#)
        #expect((pipes.next()?["error"] as? [String: Any])?["code"] as? Int == -32025)
        pipes.say(index.material.video(1))
        #expect(pipes.next()?["matches"] != nil)
        #expect(pipes.end() == 1)
    }

    @Test func whatIsWrongWithTheIndexEndsAList() throws {
        let index = try TestIndex()
        let outcome = try index.run("search", "--batch", "-", "--json", input: "a.mp4\nb.mp4\n")
        #expect(outcome.status == 1 && outcome.output == "", "\(outcome.output)")
        #expect(outcome.errors.split(separator: "\n").count == 2)
    }

    @Test func theSchemaIsPrinted() throws {
        let outcome = try Running.run(["serve", "--schema"])
        let source = try String(
            contentsOfFile: Repository.path + "/Sources/Service/protocol.schema.json", encoding: .utf8)
        #expect(outcome.status == 0 && outcome.output == source)
        #expect(try Running.run(["serve", "--in-order", "--http", "127.0.0.1:0"]).status == 64)
    }
}
