import Base
import Glibc
import Service
import Synchronization
import Testing
import TestSupport

/// Requests that wait for others: all of them, in order, or those with `after`.
@Suite final class OrderTests: Sendable {
    let lines = Lines()
    let runs = Mutex<[String]>([])

    /// Each request writes down what its parameter `n` is called; `wait` makes it wait for the gate first.
    func connection(inOrder: Bool = false, limits: Connection.Limits = .init(), gate: Gate = Gate())
        -> Connection
    {
        Connection(
            answering: { [self] (_, params, context) throws(RPCError) in
                runs.withLock { $0.append(params?["n"]?.stringValue ?? "?") }
                if params?["wait"] == true {
                    _ = eventually { context.isCancelled() || gate.isOpen }
                }
                if context.isCancelled() { throw RPCError(.cancelled, "cancelled") }
                if params?["fail"] == true {
                    throw RPCError(.index, "failed", data: ["reason": "index_busy"])
                }
                return ["removed": 0]
            }, limits: limits, inOrder: inOrder, send: lines.add)
    }

    func receive(_ connection: Connection, _ text: String) {
        let lines = text.split(separator: "\n")
        for line in lines { connection.receive(line: Array(line.utf8)) }
    }

    func request(_ method: String, _ id: String, _ params: String = "", after: String? = nil) -> String {
        let after = after.map { #","after":\#($0)"# } ?? ""
        return
            #"{"jsonrpc":"2.0","id":"\#(id)","method":"\#(method)"\#(after),"params":{"n":"\#(id)"\#(params)}}"#
    }

    var ids: [String] {
        get throws { try lines.values.map { $0["id"]?.stringValue ?? "null" } }
    }

    @Test func inOrderEveryLineIsAnsweredInItsTurn() throws {
        let gate = Gate()
        let connection = connection(inOrder: true, gate: gate)
        receive(connection, request("index", "a", #","wait":true"#))
        receive(connection, request("info", "b"))
        receive(connection, "not JSON")
        receive(connection, request("nosuch", "c"))
        receive(connection, request("search", "a"))
        receive(connection, "[\(request("search", "d")),\(request("info", "e")),7]")
        receive(connection, #"{"jsonrpc":"2.0","method":"search","params":{"n":"note"}}"#)
        receive(connection, request("duplicates", "f"))
        connection.receiveTooLongLine()
        usleep(30_000)
        // Not even what is wrong with a line is said before its turn.
        #expect(lines.all == [])
        gate.open()
        connection.waitUntilIdle()
        #expect(try ids == ["a", "b", "null", "c", "a", "null", "f", "null"])
        let batch = try #require(try lines.values[5].arrayValue)
        #expect(batch.map { $0["id"] } == ["d", "e", .null])
        #expect(runs.withLock { $0 } == ["a", "b", "d", "e", "note", "f"])
        #expect(try lines.schemaProblems() == [])
    }

    @Test func inOrderACancelIsAnsweredAtOnce() throws {
        let connection = connection(inOrder: true)
        receive(connection, request("index", "a", #","wait":true"#))
        receive(connection, request("search", "b"))
        receive(connection, request("search", "c"))
        for id in ["b", "a"] {
            receive(
                connection,
                #"{"jsonrpc":"2.0","id":"stop \#(id)","method":"cancel","params":{"id":"\#(id)"}}"#)
        }
        connection.waitUntilIdle()
        #expect(try Array(ids[..<2]) == ["b", "stop b"] && ids.last == "c")
        #expect(try Set(ids[2...3]) == ["stop a", "a"])
        #expect(try lines.reply("a")?["error"]?["code"]?.intValue == -32030)
        #expect(try lines.reply("c")?["result"] != nil)
        #expect(try lines.schemaProblems() == [])
    }

    @Test func inOrderNothingWaitsForAWatchButWhatNamesIt() throws {
        let connection = connection(inOrder: true)
        receive(connection, request("watch", "w", #","wait":true"#))
        receive(connection, request("info", "a"))
        receive(connection, request("info", "b", after: #""w""#))
        receive(connection, request("info", "c"))
        receive(connection, request("info", "d", after: #"["c","b"]"#))
        receive(connection, request("info", "e"))
        #expect(eventually { lines.all.count >= 3 })
        usleep(30_000)
        #expect(try ids == ["a", "c", "e"])
        receive(connection, #"{"jsonrpc":"2.0","id":"x","method":"cancel","params":{"id":"w"}}"#)
        connection.waitUntilIdle()
        #expect(try ids.count == 7 && Set(ids[3...4]) == ["x", "w"])
        #expect(try Array(ids[5...]) == ["b", "d"])
        #expect(runs.withLock { $0.filter { $0 != "w" } } == ["a", "c", "e", "b", "d"])
    }

    @Test func inOrderNoMoreWaitForAWatchThanAllowed() throws {
        var limits = Connection.Limits()
        limits.waiting = 2
        let connection = connection(inOrder: true, limits: limits)
        receive(connection, request("watch", "w", #","wait":true"#))
        for id in ["a", "b", "c"] { receive(connection, request("info", id, after: #""w""#)) }
        #expect(eventually { !lines.all.isEmpty })
        #expect(try lines.reply("c")?["error"]?["code"]?.intValue == -32040)
        // One that is given up while it waits is answered then.
        receive(connection, #"{"jsonrpc":"2.0","id":"x","method":"cancel","params":{"id":"a"}}"#)
        #expect(try lines.reply("a")?["error"]?["code"]?.intValue == -32030)
        connection.cancelEndless()
        connection.waitUntilIdle()
        #expect(try lines.reply("b")?["result"] != nil)
        #expect(runs.withLock { $0.filter { $0 != "w" } } == ["b"])
    }

    @Test func inOrderALongPipeIsNeverTurnedAway() throws {
        var limits = Connection.Limits()
        limits.waiting = 3
        let wires = LineTests.Wires(limits: limits, inOrder: true) { (_, _, _) throws(RPCError) in
            ["removed": 0]
        }
        let count = 500
        wires.write(
            (0..<count).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"info"}"# + "\n" }.joined())
        close(wires.toServer)
        let replies = try wires.readAll().map { try JSONValue(parsing: $0) }
        #expect(replies.compactMap { $0["id"]?.intValue } == Array(0..<count))
        #expect(replies.allSatisfy { $0["result"] != nil })
        #expect(wires.ending() == .endOfInput)
    }

    @Test func afterWaitsForOneOrSeveral() throws {
        let gate = Gate()
        let connection = connection(gate: gate)
        receive(connection, request("index", "a", #","wait":true"#))
        receive(connection, request("search", "b", #","wait":true"#))
        receive(connection, request("info", "c", after: #"["a","b"]"#))
        receive(connection, request("info", "d"))
        receive(connection, request("cancel", "e", after: #""c""#))
        #expect(eventually { !lines.all.isEmpty })
        usleep(30_000)
        #expect(try ids == ["d"])
        gate.open()
        connection.waitUntilIdle()
        #expect(try Set(ids[1...2]) == ["a", "b"])
        #expect(try Array(ids[3...]) == ["c", "e"])
        // What was answered long ago lets go at once.
        receive(connection, request("info", "f", after: #"["a","c",null]"#))
        receive(connection, request("info", "g", after: #"["a","c"]"#))
        connection.waitUntilIdle()
        #expect(try lines.reply("f")?["error"]?["data"]?["parameter"] == "after")
        #expect(try lines.reply("g")?["result"] != nil)
    }

    @Test func whatTheEarlierOneWasAnsweredWithDoesNotMatter() throws {
        let connection = connection()
        receive(connection, request("index", "fails", #","fail":true"#))
        receive(connection, request("nosuch", "unknown", after: #""fails""#))
        receive(connection, request("index", "runs", #","wait":true"#, after: #"["fails","unknown"]"#))
        receive(connection, request("search", "waits", after: #""runs""#))
        receive(connection, request("search", "last", after: #""waits""#))
        receive(connection, #"{"jsonrpc":"2.0","id":"x","method":"cancel","params":{"id":"waits"}}"#)
        // A request that was cancelled while it waited has been answered.
        #expect(try eventually { try lines.reply("last") != nil })
        #expect(try lines.reply("last")?["result"] != nil)
        #expect(try lines.reply("runs") == nil)
        receive(connection, #"{"jsonrpc":"2.0","id":"y","method":"cancel","params":{"id":"runs"}}"#)
        connection.waitUntilIdle()
        #expect(runs.withLock { $0.sorted() } == ["fails", "last", "runs"])
        #expect(try lines.schemaProblems() == [])
    }

    @Test(arguments: [#""nosuch""#, "7", "[1]", "{}", "true", #"["a",[]]"#, #""own""#])
    func anUnknownOrWrongIdIsAnError(after: String) throws {
        let connection = connection()
        receive(connection, request("info", "a"))
        receive(connection, request("info", "own", after: after))
        connection.waitUntilIdle()
        let error = try #require(try lines.reply("own")?["error"])
        #expect(error["code"]?.intValue == -32602 && error["data"]?["parameter"] == "after")
        #expect(runs.withLock { $0 } == ["a"])
        #expect(try lines.schemaProblems() == [])
    }

    @Test func theLastAnsweredOnesAreKnownAndNoMore() throws {
        var limits = Connection.Limits()
        limits.remembered = 4
        let connection = connection(limits: limits)
        receive(connection, request("watch", "running", #","wait":true"#))
        for number in 0..<20 {
            receive(connection, request("info", "\(number)"))
            #expect(try eventually { try lines.reply(.string("\(number)")) != nil })
        }
        receive(connection, request("info", "late", after: #""15""#))
        receive(connection, request("info", "soon", after: #"["19","18"]"#))
        receive(connection, request("info", "held", after: #""running""#))
        connection.cancelAll()
        connection.waitUntilIdle()
        #expect(try lines.reply("late")?["error"]?["code"]?.intValue == -32602)
        #expect(try lines.reply("soon")?["error"]?["code"]?.intValue != -32602)
        #expect(try lines.reply("held")?["error"]?["code"]?.intValue == -32030)
    }

    @Test func noMoreWaitThanAllowed() throws {
        let gate = Gate()
        var limits = Connection.Limits()
        limits.waiting = 2
        let connection = connection(limits: limits, gate: gate)
        receive(connection, request("index", "a", #","wait":true"#))
        for id in ["b", "c", "d"] { receive(connection, request("info", id, after: #""a""#)) }
        #expect(try lines.reply("d")?["error"]?["code"]?.intValue == -32040)
        gate.open()
        connection.waitUntilIdle()
        #expect(try lines.reply("b")?["result"] != nil && lines.reply("c")?["result"] != nil)
    }
}
