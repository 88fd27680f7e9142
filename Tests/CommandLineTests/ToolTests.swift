import Foundation
import TestSupport
import Testing

/// `mixtape serve --mcp`.
@Suite struct ToolTests {
    private func call(_ id: Int, _ method: String, _ params: [String: Any] = [:]) throws -> String {
        let message: [String: Any] = ["jsonrpc": "2.0", "id": id, "method": method, "params": params]
        return String(decoding: try JSONSerialization.data(withJSONObject: message), as: UTF8.self)
    }

    /// The answers by their ids.
    private func ask(_ lines: [String], _ options: String...) throws -> [Int: [String: Any]] {
        let index = try CommandTests.indexed.get()
        let outcome = try Running.run(
            ["serve", "--mcp"] + options + index.options, input: lines.joined(separator: "\n") + "\n")
        #expect(outcome.status == 0, "\(outcome.errors)")
        var answers: [Int: [String: Any]] = [:]
        for answer in outcome.lines { if let id = answer["id"] as? Int { answers[id] = answer } }
        return answers
    }

    @Test func anAssistantIsWelcomedAndFindsTheTools() throws {
        let answers = try ask([
            try call(1, "initialize", ["protocolVersion": "2025-03-26", "capabilities": [String: Any]()]),
            #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            try call(2, "tools/list"), try call(3, "ping"), try call(4, "resources/list"),
            try call(5, "initialize", ["protocolVersion": "1999-01-01"]),
        ])
        let welcome = try #require(answers[1]?["result"] as? [String: Any])
        #expect(welcome["protocolVersion"] as? String == "2025-03-26")
        #expect((welcome["serverInfo"] as? [String: Any])?["name"] as? String == "mixtape")
        #expect((answers[5]?["result"] as? [String: Any])?["protocolVersion"] as? String == "2025-06-18")
        let tools = try #require((answers[2]?["result"] as? [String: Any])?["tools"] as? [[String: Any]])
        #expect(
            tools.map { $0["name"] as? String } == [
                "search", "duplicates", "videos", "info", "thumbnail", "duplicate_decisions",
            ])
        let search = try #require(tools[0]["inputSchema"] as? [String: Any])
        #expect((search["properties"] as? [String: Any])?["video"] != nil)
        #expect(tools.allSatisfy { ($0["annotations"] as? [String: Any])?["readOnlyHint"] as? Bool == true })
        #expect(answers[3]?["result"] != nil)
        #expect((answers[4]?["error"] as? [String: Any])?["code"] as? Int == -32601)
    }

    @Test func toolsAnswerAsTheProtocolDoes() throws {
        let index = try CommandTests.indexed.get()
        let video = index.material.video(3)
        let answers = try ask([
            try call(1, "tools/call", ["name": "search", "arguments": ["video": video, "limit": 2]]),
            try call(2, "tools/call", ["name": "search", "arguments": ["video": "/there/is/none.mp4"]]),
            try call(3, "tools/call", ["name": "thumbnail", "arguments": ["video": video]]),
            try call(4, "tools/call", ["name": "index", "arguments": ["folders": [index.material.videos]]]),
            try call(5, "tools/call", ["name": "info"]), "not JSON", "",
        ])
        let found = try #require(answers[1]?["result"] as? [String: Any])
        let structured = try #require(found["structuredContent"] as? [String: Any])
        let matches = try #require(structured["matches"] as? [[String: Any]])
        #expect(matches.count == 2 && matches[0]["path"] as? String == video)
        #expect(found["isError"] as? Bool == false)
        let content = try #require((found["content"] as? [[String: Any]])?.first)
        #expect(content["type"] as? String == "text")
        #expect((content["text"] as? String)?.contains(video) == true)
        let missed = try #require(answers[2]?["result"] as? [String: Any])
        #expect(missed["isError"] as? Bool == true)
        let said = (missed["content"] as? [[String: Any]])?.first?["text"] as? String
        #expect(said?.contains("/there/is/none.mp4: no such file") == true)
        let picture = (answers[3]?["result"] as? [String: Any])?["content"] as? [[String: Any]]
        #expect(picture?.first?["type"] as? String == "image")
        #expect(picture?.first?["mimeType"] as? String == "image/jpeg")
        // Nothing that writes is offered unasked.
        #expect((answers[4]?["error"] as? [String: Any])?["code"] as? Int == -32602)
        #expect((answers[5]?["result"] as? [String: Any])?["isError"] as? Bool == false)
    }

    @Test func changesAreOfferedWhereTheyAreAllowed() throws {
        let index = try CommandTests.indexed.get()
        let run = ["name": "index", "arguments": ["folders": [index.material.videos]]] as [String: Any]
        let answers = try ask([try call(1, "tools/call", run)], "--allow-changes")
        let result = try #require(answers[1]?["result"] as? [String: Any])
        #expect((result["structuredContent"] as? [String: Any])?["unchanged"] as? Int == 30)
        #expect(try index.run("serve", "--allow-changes").status == 64)
        #expect(try index.run("serve", "--mcp", "--in-order").status == 64)
    }
}
