import Base
import Glibc
import Service
import Synchronization
import Testing
import TestSupport

/// The conversation itself, with requests that do what the test wants in place of a library.
@Suite struct ConnectionTests {
    let lines = Lines()

    func connection(
        limits: Connection.Limits = .init(),
        answering: @escaping @Sendable (Method, JSONValue?, RequestContext) throws(RPCError) -> JSONValue = {
            (_, _, _) throws(RPCError) in ["removed": 0]
        }
    ) -> Connection {
        Connection(answering: answering, limits: limits, send: lines.add)
    }

    func receive(_ connection: Connection, _ line: String) {
        connection.receive(line: Array(line.utf8))
    }

    func request(_ method: String, id: String, params: String = "{}") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
    }

    @Test(arguments: ["1", "-7", "1.50", "12345678901234567890123", "\"a\"", "\"\"", "\"\\u00e4\"", "null"])
    func idsComeBackAsTheyWereSent(id: String) throws {
        let connection = connection()
        receive(connection, request("info", id: id))
        connection.waitUntilIdle()
        let reply = try #require(try lines.values.first)
        #expect(try reply["id"] == JSONValue(parsing: id))
        #expect(reply["result"] != nil)
        #expect(try lines.schemaProblems() == [])
    }

    @Test(arguments: [
        ("{", -32700, "null"), ("nonsense", -32700, "null"), ("\u{1}", -32700, "null"),
        ("1", -32600, "null"), ("[]", -32600, "null"), ("\"search\"", -32600, "null"), ("{}", -32600, "null"),
        (#"{"jsonrpc":"1.0","id":1,"method":"info"}"#, -32600, "1"),
        (#"{"id":1,"method":"info"}"#, -32600, "1"),
        (#"{"jsonrpc":"2.0","id":1}"#, -32600, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600, "1"),
        (#"{"jsonrpc":"2.0","id":{},"method":"info"}"#, -32600, "null"),
        (#"{"jsonrpc":"2.0","id":true,"method":"info"}"#, -32600, "null"),
        (#"{"jsonrpc":"2.0","id":1,"method":"info","parms":{}}"#, -32600, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"Search"}"#, -32601, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#, -32601, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"cancel"}"#, -32602, "1"),
        (#"{"jsonrpc":"2.0","id":1,"method":"cancel","params":{"id":[]}}"#, -32602, "1"),
    ])
    func aBadLineGetsOneErrorReplyAndTheServiceGoesOn(line: String, code: Int, id: String) throws {
        let connection = connection()
        receive(connection, line)
        connection.waitUntilIdle()
        receive(connection, request("info", id: "99"))
        connection.waitUntilIdle()
        let values = try lines.values
        #expect(values.count == 2)
        #expect(values[0]["error"]?["code"]?.intValue == code)
        #expect(try values[0]["id"] == JSONValue(parsing: id))
        #expect(values[1]["id"] == 99 && values[1]["result"] != nil)
        #expect(try lines.schemaProblems() == [])
    }

    @Test func invalidUTF8IsAParseError() throws {
        let connection = connection()
        connection.receive(line: [0x22, 0xFF, 0x22])
        #expect(try lines.values.first?["error"]?["code"]?.intValue == -32700)
    }

    @Test func blankLinesAreSkipped() {
        let connection = connection()
        for line in ["", " ", "\t\r"] { receive(connection, line) }
        connection.waitUntilIdle()
        #expect(lines.all == [])
    }

    @Test func aTooLongLineGetsOneReply() throws {
        let connection = connection()
        connection.receiveTooLongLine()
        let reply = try #require(try lines.values.first)
        #expect(reply["error"]?["data"]?["reason"] == "line_too_long")
        #expect(try lines.schemaProblems() == [])
    }

    @Test func notificationsRunAndGetNoReply() throws {
        let ran = Mutex(0)
        let connection = connection { (_, _, context) throws(RPCError) in
            ran.withLock { $0 += 1 }
            context.progress(["total": 1])
            throw RPCError(.internalError, "not to be seen")
        }
        receive(connection, #"{"jsonrpc":"2.0","method":"info"}"#)
        receive(connection, #"{"jsonrpc":"2.0","method":"nonsense"}"#)
        receive(connection, #"{"jsonrpc":"2.0","method":"cancel","params":{"id":1}}"#)
        connection.waitUntilIdle()
        #expect(ran.withLock { $0 } == 1)
        #expect(lines.all == [])
    }

    @Test func aBatchIsAnsweredTogetherInOrder() throws {
        let connection = connection { (method, _, _) throws(RPCError) in
            if method == .search { throw RPCError(.busy, "busy") }
            return ["removed": 3]
        }
        let elements = [
            request("search", id: "1"), #"{"jsonrpc":"2.0","method":"info"}"#, "7",
            request("nonsense", id: "2"),
            request("info", id: "3"), "[]",
        ]
        receive(connection, "[" + elements.joined(separator: ",") + "]")
        connection.waitUntilIdle()
        let values = try lines.values
        #expect(values.count == 1)
        let replies = try #require(values.first?.arrayValue)
        #expect(replies.map { $0["id"] } == [1, .null, 2, 3, .null])
        #expect(replies.map { $0["error"]?["code"]?.intValue } == [-32040, -32600, -32601, nil, -32600])
        #expect(try lines.schemaProblems() == [])
    }

    @Test func aBatchOfNotificationsGetsNoReply() {
        let connection = connection()
        receive(connection, #"[{"jsonrpc":"2.0","method":"info"},{"jsonrpc":"2.0","method":"info"}]"#)
        connection.waitUntilIdle()
        #expect(lines.all == [])
    }

    @Test func requestsRunSideBySideAndAnswerOutOfOrder() throws {
        let gate = Gate()
        let connection = connection { (_, params, _) throws(RPCError) in
            if params?["wait"] == true { gate.wait() }
            return ["removed": 0]
        }
        receive(connection, request("search", id: "1", params: #"{"wait":true}"#))
        receive(connection, request("search", id: "2"))
        receive(connection, request("info", id: "3"))
        #expect(eventually { lines.all.count == 2 })
        gate.open()
        connection.waitUntilIdle()
        #expect(try Set(lines.values.prefix(2).compactMap { $0["id"]?.intValue }) == [2, 3])
        #expect(try lines.values.last?["id"] == 1)
    }

    @Test func noMoreSearchesRunAtOnceThanAllowed() throws {
        let running = Mutex((now: 0, most: 0))
        var limits = Connection.Limits()
        limits.searches = 3
        let connection = connection(limits: limits) { (_, _, _) throws(RPCError) in
            running.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
            usleep(5_000)
            running.withLock { $0.now -= 1 }
            return ["removed": 0]
        }
        for id in 0..<30 { receive(connection, request("search", id: "\(id)")) }
        connection.waitUntilIdle()
        #expect(lines.all.count == 30)
        #expect(running.withLock { $0.most } == 3)
    }

    @Test func whatDoesNotFitTheQueueIsBusy() throws {
        let gate = Gate()
        var limits = Connection.Limits()
        limits.searches = 1
        limits.waiting = 2
        let connection = connection(limits: limits) { (_, _, _) throws(RPCError) in
            gate.wait()
            return ["removed": 0]
        }
        for id in 1...4 { receive(connection, request("search", id: "\(id)")) }
        #expect(try lines.reply(4)?["error"]?["code"]?.intValue == -32040)
        gate.open()
        connection.waitUntilIdle()
        for id in 1...3 { #expect(try lines.reply(.number(id))?["result"] != nil) }
        #expect(try lines.schemaProblems() == [])
    }

    @Test func anIdInUseIsRefusedUntilItsRequestEnds() throws {
        let gate = Gate()
        let connection = connection { (_, _, _) throws(RPCError) in
            gate.wait()
            return ["removed": 0]
        }
        receive(connection, request("search", id: "\"a\""))
        receive(connection, request("info", id: "\"a\""))
        #expect(try lines.reply("a")?["error"]?["code"]?.intValue == -32600)
        gate.open()
        connection.waitUntilIdle()
        receive(connection, request("info", id: "\"a\""))
        connection.waitUntilIdle()
        #expect(lines.all.count == 3)
        #expect(try lines.values.last?["result"] != nil)
    }

    @Test func cancelEndsWhatRuns() throws {
        let started = Gate()
        let connection = connection { (_, _, context) throws(RPCError) in
            started.open()
            _ = eventually { context.isCancelled() }
            context.progress(["total": 1])
            throw context.isCancelled() ? RPCError(.cancelled, "cancelled") : RPCError(.internalError, "late")
        }
        receive(connection, request("index", id: "5"))
        #expect(started.wait())
        receive(connection, request("cancel", id: "6", params: #"{"id":5}"#))
        connection.waitUntilIdle()
        #expect(try lines.reply(6)?["result"]?["cancelled"] == true)
        #expect(try lines.reply(5)?["error"]?["code"]?.intValue == -32030)
        // No progress of a request that the client has given up.
        #expect(lines.all.count == 2)
        receive(connection, request("cancel", id: "7", params: #"{"id":5}"#))
        #expect(try lines.reply(7)?["result"]?["cancelled"] == false)
        #expect(try lines.schemaProblems() == [])
    }

    @Test func cancelAnswersForWhatWaitsAtOnce() throws {
        let gate = Gate()
        let runs = Mutex<[Int]>([])
        let connection = connection { (_, params, _) throws(RPCError) in
            runs.withLock { $0.append(params?["n"]?.intValue ?? 0) }
            gate.wait()
            return ["removed": 0]
        }
        receive(connection, request("index", id: "1", params: #"{"n":1}"#))
        receive(connection, request("index", id: "2", params: #"{"n":2}"#))
        receive(connection, request("cancel", id: "3", params: #"{"id":2}"#))
        #expect(try lines.reply(2)?["error"]?["code"]?.intValue == -32030)
        // The id is free again, and its new request is another one.
        receive(connection, request("index", id: "2", params: #"{"n":4}"#))
        gate.open()
        connection.waitUntilIdle()
        #expect(runs.withLock { $0 } == [1, 4])
        #expect(lines.all.count == 4)
    }

    @Test func progressCarriesTheIdAndComesBeforeTheResult() throws {
        let connection = connection { (_, _, context) throws(RPCError) in
            context.progress(["total": 7])
            return ["removed": 0]
        }
        receive(connection, request("index", id: "\"job\""))
        connection.waitUntilIdle()
        let values = try lines.values
        #expect(values.map { $0["method"] } == ["progress", nil])
        #expect(values.first?["params"]?.serialized() == #"{"id":"job","total":7}"#)
    }

    @Test func cancelAllEndsNotificationsToo() {
        let started = Gate()
        let sawCancellation = Mutex(false)
        let connection = connection { (_, _, context) throws(RPCError) in
            started.open()
            _ = eventually { context.isCancelled() }
            sawCancellation.withLock { $0 = context.isCancelled() }
            return ["removed": 0]
        }
        receive(connection, #"{"jsonrpc":"2.0","method":"index"}"#)
        #expect(started.wait())
        connection.cancelAll()
        connection.waitUntilIdle()
        #expect(sawCancellation.withLock { $0 })
    }
}
