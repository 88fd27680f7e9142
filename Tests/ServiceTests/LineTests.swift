import Base
import Foundation
import Library
import Service
import Synchronization
import Testing
import TestSupport

/// Lines over real pipes.
@Suite struct LineTests {
    /// A server over two pipes: what it is told, and what it says.
    final class Wires: Sendable {
        let toServer: Int32
        let fromServer: Int32
        private let serverInput: Int32
        private let serverOutput: Int32
        private let thread = DispatchGroup()
        private let ended = Ended()

        init(
            limits: Connection.Limits = .init(), inOrder: Bool = false,
            answering: @escaping Connection.Answering
        ) {
            signal(SIGPIPE, SIG_IGN)
            (serverInput, toServer) = Self.makePipe()
            (fromServer, serverOutput) = Self.makePipe()
            let (input, output) = (serverInput, serverOutput)
            DispatchQueue(label: "server").async(group: thread) { [ended] in
                let ending = LineServer(answering: answering, limits: limits, inOrder: inOrder).run(
                    input: input, output: output)
                ended.set(ending)
                close(output)
            }
        }

        private static func makePipe() -> (Int32, Int32) {
            var ends: [Int32] = [0, 0]
            precondition(pipe(&ends) == 0)
            return (ends[0], ends[1])
        }

        func write(_ text: String) {
            let bytes = Array(text.utf8)
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.write(toServer, $0.baseAddress! + done, bytes.count - done)
                }
                guard count > 0 else { return }
                done += count
            }
        }

        /// Every line until the server closes its output.
        func readAll() -> [String] {
            let handle = FileHandle(fileDescriptor: fromServer)
            let text = String(decoding: handle.readDataToEndOfFile(), as: UTF8.self)
            return text.split(separator: "\n").map(String.init)
        }

        /// How serving ended; nil when it has not after five seconds.
        func ending() -> LineServer.Ending? {
            _ = thread.wait(timeout: .now() + 5)
            return ended.value
        }
    }

    final class Ended: Sendable {
        private let ending = Mutex<LineServer.Ending?>(nil)
        func set(_ value: LineServer.Ending) { ending.withLock { $0 = value } }
        var value: LineServer.Ending? { ending.withLock { $0 } }
    }

    static let removed: Connection.Answering = { (_, _, _) throws(RPCError) in ["removed": 0] }

    @Test func theEndOfInputLetsWhatRunsFinish() {
        let wires = Wires { (_, _, _) throws(RPCError) in
            usleep(50_000)
            return ["removed": 0]
        }
        wires.write((1...5).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"search"}"# + "\n" }.joined())
        close(wires.toServer)
        #expect(wires.readAll().count == 5)
        #expect(wires.ending() == .endOfInput)
    }

    @Test func theLastLineNeedsNoLineBreak() {
        let wires = Wires(answering: Self.removed)
        wires.write(#"{"jsonrpc":"2.0","id":1,"method":"info"}"#)
        close(wires.toServer)
        #expect(wires.readAll() == [#"{"id":1,"jsonrpc":"2.0","result":{"removed":0}}"#])
    }

    @Test func aTooLongLineIsSkippedToItsEnd() throws {
        var limits = Connection.Limits()
        limits.lineLength = 100
        let wires = Wires(limits: limits, answering: Self.removed)
        let long = String(repeating: "x", count: 200_000)
        wires.write(#"{"jsonrpc":"2.0","id":1,"method":"info"}"# + "\n" + long + "\n")
        wires.write(#"{"jsonrpc":"2.0","id":2,"method":"info"}"# + "\r\n" + long)
        close(wires.toServer)
        let values = try wires.readAll().map { try JSONValue(parsing: $0) }
        #expect(values.count(where: { $0["error"]?["data"]?["reason"] == "line_too_long" }) == 2)
        #expect(values.count(where: { $0["result"] != nil }) == 2)
        #expect(values.count == 4)
    }

    @Test func aLineOfExactlyTheLimitIsRead() {
        let line = #"{"jsonrpc":"2.0","id":1,"method":"info"}"#
        var limits = Connection.Limits()
        limits.lineLength = line.utf8.count
        let wires = Wires(limits: limits, answering: Self.removed)
        wires.write(line + "\n" + line + " \n")
        close(wires.toServer)
        let lines = wires.readAll()
        #expect(lines.count(where: { $0.contains("result") }) == 1)
        #expect(lines.count(where: { $0.contains("line_too_long") }) == 1)
    }

    @Test func linesAreWhole() throws {
        var limits = Connection.Limits()
        limits.searches = 8
        let wide = String(repeating: "ä", count: 20_000)
        let wires = Wires(limits: limits) { (_, _, _) throws(RPCError) in throw RPCError(.internalError, wide)
        }
        let requests = (1...40).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"search"}"# + "\n" }.joined()
        wires.write(requests)
        close(wires.toServer)
        let values = try wires.readAll().map { try JSONValue(parsing: $0) }
        #expect(Set(values.compactMap { $0["id"]?.intValue }) == Set(1...40))
        #expect(values.allSatisfy { $0["error"]?["message"]?.stringValue == wide })
    }

    @Test func aClosedOutputCancelsWhatRunsAndEndsQuietly() {
        let started = Gate()
        let wires = Wires { (_, _, context) throws(RPCError) in
            started.open()
            _ = eventually { context.isCancelled() }
            return ["cancelled": .bool(context.isCancelled())]
        }
        wires.write(#"{"jsonrpc":"2.0","id":1,"method":"search"}"# + "\n")
        #expect(started.wait())
        close(wires.fromServer)
        #expect(wires.ending() == .outputClosed)
        close(wires.toServer)
    }

    @Test func anOutputClosedAfterTheEndOfInputEndsQuietlyToo() {
        let started = Gate()
        let wires = Wires { (_, _, context) throws(RPCError) in
            started.open()
            _ = eventually { context.isCancelled() }
            return ["cancelled": .bool(context.isCancelled())]
        }
        wires.write(#"{"jsonrpc":"2.0","id":1,"method":"search"}"# + "\n")
        #expect(started.wait())
        close(wires.toServer)
        close(wires.fromServer)
        #expect(wires.ending() == .outputClosed)
    }

    @Test func anIdleServiceNoticesThatNobodyReads() {
        let wires = Wires(answering: Self.removed)
        close(wires.fromServer)
        #expect(wires.ending() == .outputClosed)
        close(wires.toServer)
    }

    /// An input that cannot be read has no end that was meant.
    @Test func anUnreadableInputIsNoEnd() throws {
        let folder = open("/", O_RDONLY)
        var ends: [Int32] = [0, 0]
        try #require(folder >= 0 && pipe(&ends) == 0)
        defer { for descriptor in ends + [folder] { close(descriptor) } }
        let ending = LineServer(answering: Self.removed).run(input: folder, output: ends[1])
        #expect(ending == .inputFailed(.init(code: EISDIR)))
        let input = LineInput(descriptor: folder, maximumLength: 8)
        #expect(throws: LineInput.Failure(code: EISDIR)) { try input.next() }
    }

    /// A line without end is behind one that is whole: that one is handed out, and whoever wants to stop is heard.
    @Test func aLineWithoutEndHoldsUpNobody() throws {
        let zeros = open("/dev/zero", O_RDONLY)
        defer { close(zeros) }
        let input = LineInput(descriptor: zeros, maximumLength: 8)
        var asked = 0
        func isEnough() -> Bool {
            asked += 1
            return asked > 200
        }
        #expect(try input.next(atMost: 64, shouldStop: isEnough) == [.tooLong])
        #expect(asked < 100)
        #expect(try input.next(atMost: 64, shouldStop: isEnough) == [])
    }

    @Test func whiteSpaceIsABlankLineToEveryReader() throws {
        let connection = Connection(answering: Self.removed) { Issue.record("answered: \($0)") }
        for text in ["", "\r", " \t \r", "\u{0B}\u{0C}"] {
            #expect(LineInput.Line.bytes(Array(text.utf8)).isBlank)
            connection.receive(line: Array(text.utf8))
        }
        #expect(!LineInput.Line.bytes([0xC2, 0xA0]).isBlank && !LineInput.Line.tooLong.isBlank)
        connection.waitUntilIdle()
    }

    /// Lines that are asked for one by one, as `mixtape import` does.
    @Test func linesAreTakenOneByOne() {
        func lines(_ text: String, longest: Int = 8) -> [LineInput.Line] {
            var ends: [Int32] = [0, 0]
            precondition(pipe(&ends) == 0)
            defer { close(ends[0]) }
            DispatchQueue.global().async { [ends] in
                let bytes = Array(text.utf8)
                for start in stride(from: 0, to: bytes.count, by: 3) {
                    let part = bytes[start..<min(bytes.count, start + 3)]
                    _ = part.withUnsafeBytes { write(ends[1], $0.baseAddress, $0.count) }
                }
                close(ends[1])
            }
            let input = LineInput(descriptor: ends[0], maximumLength: longest)
            var lines: [LineInput.Line] = []
            while let line = try? input.next() { lines.append(line) }
            return lines
        }
        func line(_ text: String) -> LineInput.Line { .bytes(Array(text.utf8)) }
        #expect(lines("") == [])
        #expect(lines("a\n\nbcd\r\ne") == [line("a"), line(""), line("bcd\r"), line("e")])
        #expect(lines("12345678\n123456789\nx\n") == [line("12345678"), .tooLong, line("x")])
        #expect(lines(String(repeating: "x", count: 100_000)) == [.tooLong])
    }

    @Test func whoeverIsStoppedWaitsForNoLine() throws {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let input = LineInput(descriptor: ends[0], maximumLength: 8)
        #expect(try input.next(shouldStop: { true }) == nil)
    }
}
