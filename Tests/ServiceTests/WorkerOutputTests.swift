import Base
import Isolation
import Testing

/// Words of a worker, taken apart.
@Suite struct WorkerOutputTests {
    private func pieces(_ output: inout WorkerOutput, _ text: String) -> [WorkerOutput.Piece] {
        output.add(Array(text.utf8)[...])
        var pieces: [WorkerOutput.Piece] = []
        while let piece = output.take() { pieces.append(piece) }
        return pieces
    }

    private func message(_ number: Int, _ bytes: String = "") -> WorkerOutput.Piece {
        .message(WorkerMessage("n", .number(number), bytes: Array(bytes.utf8)))
    }

    @Test func messagesComeWholeAndInOrder() {
        var output = WorkerOutput()
        #expect(pieces(&output, "{\"n") == [])
        #expect(!output.isEmpty && output.heldBytes == 3)
        #expect(pieces(&output, "\":1}\n\n{\"n\":2}\n{\"n\"") == [message(1), message(2)])
        #expect(pieces(&output, ":3}\n\n\n") == [message(3)])
        #expect(output.isEmpty && output.signsOfLife == 3)
    }

    @Test(arguments: ["[1]\n", "{\"n\":1\n", "x\n", "{\"n\":1,\"n\":2}\n", "1\n"])
    func nothingComesBehindWhatIsNoMessage(text: String) {
        var output = WorkerOutput()
        #expect(pieces(&output, "{\"n\":1}\n" + text + "{\"n\":2}\n") == [message(1), .nonsense])
        #expect(pieces(&output, "{\"n\":3}\n") == [] && !output.isEmpty && output.heldBytes == 0)
    }

    @Test func nothingComesBehindALineThatIsTooLong() {
        var endless = WorkerOutput()
        #expect(pieces(&endless, String(repeating: "x", count: 8192)) == [])
        #expect(pieces(&endless, "y") == [.nonsense])
        #expect(pieces(&endless, "\n{\"n\":1}\n") == [] && endless.heldBytes == 0)
    }

    @Test func bytesAreTakenAsTheyAre() {
        var output = WorkerOutput()
        output.mostBytes = 3
        let start = "{\"n\":1,\"bytes\":3}\n"
        let found = pieces(&output, start + "\n\nx{\"n\":2}\n" + start + "y")
        #expect(found == [message(1, "\n\nx"), message(2)])
        #expect(output.heldBytes == 1 && output.signsOfLife == 0)
    }

    @Test(arguments: ["4", "0", "-1", "1.5", "\"3\"", "null", "1e99", "9223372036854775808"])
    func moreBytesThanAreAskedForAreNone(count: String) {
        var output = WorkerOutput()
        output.mostBytes = 3
        #expect(pieces(&output, "{\"n\":1,\"bytes\":\(count)}\nxxx") == [.nonsense])
    }

    /// Each byte is looked at once: a message that comes in bits would take hours otherwise.
    @Test func aMessageInBitsTakesNoTime() {
        var output = WorkerOutput()
        output.mostBytes = 32 << 20
        output.add(Array("{\"n\":1,\"bytes\":\(32 << 20)}\n".utf8)[...])
        #expect(output.take() == nil)
        let bit = [UInt8](repeating: 0x61, count: 16)
        let start = ContinuousClock.now
        for _ in 0..<1 << 20 {
            output.add(bit[...])
            if output.take() != nil { Issue.record("it has no end"); return }
        }
        #expect(output.heldBytes == 16 << 20)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
