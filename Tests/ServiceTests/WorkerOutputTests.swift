import Base
import Service
import Testing

/// Words of a worker, taken apart.
@Suite struct WorkerOutputTests {
    private func pieces(_ output: inout WorkerOutput, _ text: String) -> [WorkerOutput.Piece] {
        output.add(Array(text.utf8)[...])
        var pieces: [WorkerOutput.Piece] = []
        while let piece = output.take() { pieces.append(piece) }
        return pieces
    }

    private func line(_ text: String) -> WorkerOutput.Piece { .line(Array(text.utf8)) }

    @Test func linesComeWholeAndInOrder() {
        var output = WorkerOutput()
        #expect(pieces(&output, "on") == [])
        #expect(!output.isEmpty && output.heldBytes == 2)
        #expect(pieces(&output, "e\n\ntwo\nth") == [line("one"), line("two")])
        #expect(pieces(&output, "ree\n\n\n") == [line("three")])
        #expect(output.isEmpty && output.signsOfLife == 3)
    }

    @Test func nothingComesBehindALineThatIsTooLong() {
        var output = WorkerOutput(longestLine: 4)
        #expect(pieces(&output, "four\n12345\nfour\n") == [line("four"), .tooLong])
        #expect(pieces(&output, "four\n") == [] && !output.isEmpty)
        var endless = WorkerOutput(longestLine: 4)
        #expect(pieces(&endless, "123") == [])
        #expect(pieces(&endless, "45") == [.tooLong])
        #expect(endless.heldBytes == 0)
    }

    @Test func aClipIsTakenOutOfTheLines() {
        var output = WorkerOutput()
        output.blockBytes = 3
        let start = #"{"clip":{"from":0,"to":1,"bytes":3}}"# + "\n"
        let found = pieces(&output, "a\n" + start + "\n\nxb\n" + start + "y")
        #expect(found.count == 3 && found[0] == line("a") && found[2] == line("b"))
        guard case .block(let block) = found[1] else { Issue.record("\(found)"); return }
        #expect(block.bytes == Array("\n\nx".utf8) && block.interval == TimeRange(start: 0, stop: 1))
        #expect(output.heldBytes == 1 && output.signsOfLife == 0)
    }

    /// Each byte is looked at once: a line that comes in bits would take hours otherwise.
    @Test func aLineInBitsTakesNoTime() {
        var output = WorkerOutput(longestLine: 20 << 20)
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
