import Base
import Foundation
import Indexing
import Ingestion
import Synchronization
import Testing

/// Files that the process which reads them does not survive.
@Suite struct SuspectTests {
    /// A library whose `killer…` files end their worker that many times.
    private func library(deaths: Int) throws -> Library {
        let tries = Mutex<[String: Int]>([:])
        return try Library { path in
            guard TextSource.name(path).hasPrefix("killer") else { return }
            let count = tries.withLock { tries in
                tries[path, default: 0] += 1
                return tries[path] ?? 0
            }
            if count <= deaths {
                throw VideoError(path: path, reason: .decoderFailed, detail: "the decoder did not survive it")
            }
        }
    }

    /// Small files are handed over several at a time, fewer towards the end, and none twice.
    @Test func smallFilesComeTogether() throws {
        let library = try library(deaths: 1)
        let count = 64 * ProcessInfo.processInfo.activeProcessorCount
        for number in 0..<count { try library.write("\(number).mp4", "number \(number)") }
        try library.write("killer.mp4", "one")
        #expect(try library.run().indexed == count + 1)
        let calls = library.source.takeCalls()
        #expect(calls.companies.max() == 8 && calls.companies.last == 1)
        #expect(calls.companies.reduce(0, +) == count + 2)
        #expect(calls.encoded.count == count + 2 && Set(calls.encoded).count == count + 1)
    }

    @Test func whatFailsOnceIsTriedAgainAlone() throws {
        let library = try library(deaths: 1)
        try library.write("killer.mp4", "one")
        for number in 0..<6 { try library.write("\(number).mp4", "number \(number)") }
        let run = try library.run()
        #expect(run.indexed == 7 && run.failed == 0 && run.done == 7)
        let calls = library.source.takeCalls()
        #expect(calls.encoded.filter { $0 == "killer.mp4" }.count == 2)
        // The second time with all processors, after all others.
        #expect(calls.threads.last == ProcessInfo.processInfo.activeProcessorCount)
    }

    @Test func whatFailsTwiceIsLeftAloneUntilItChangesOrIsAskedFor() throws {
        let library = try library(deaths: 3)
        try library.write("killer 1.mp4", "one")
        try library.write("killer 2.mp4", "two")
        try library.write("good.mp4", "three")
        let first = try library.run()
        #expect(first.indexed == 1 && first.failed == 2 && first.done == 3)
        #expect(
            try library.failures() == ["killer 1.mp4: decoder_failed", "killer 2.mp4: decoder_failed"])
        _ = library.source.takeCalls()
        #expect(try library.run().unchanged == 3)
        #expect(library.source.takeCalls().encoded == [])
        // The third death, and then a life.
        #expect(try library.run(retryFailed: true).indexed == 2)
        #expect(try library.failures() == [])
    }
}
