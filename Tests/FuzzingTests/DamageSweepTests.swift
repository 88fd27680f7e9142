import Foundation
import Fuzzing
import Indexing
import Retrieval
import Testing

/// Every file of an index, damaged in every region in turn: the answers stay those of before, or the damage is named.
@Suite struct DamageSweepTests {
    /// What came of the damages of one file.
    private struct Counts: CustomStringConvertible {
        var damages = 0
        /// The same answers, and where the file is derived, it was made anew.
        var right = 0
        var repaired = 0
        /// A typed error.
        var refused = 0
        /// Of a log: the state before its last changes.
        var earlier = 0

        var description: String {
            "\(damages) damages: \(right) harmless, \(repaired) repaired, \(refused) refused, \(earlier) at an earlier state"
        }
    }

    @Test(arguments: [0, 1]) func everyRegionOfEveryFile(state: Int) throws {
        let truth = IndexFiles.shared
        let folder = Scratch.newFolder("sweep-\(state)")
        for (place, file) in truth.states[state].enumerated() {
            let isDerived = file.name.hasSuffix(".bin")
            let isLog = file.name.hasSuffix("-wal")
            var counts = Counts()
            for damage in Regions(file.bytes, count: isDerived ? 100 : 160, seed: UInt64(place + 1)) {
                var files = truth.states[state]
                files[place].bytes = damage.bytes
                truth.lay(files, into: folder)
                counts.damages += 1
                do {
                    let answers = try IndexFiles.answers(folder)
                    if answers == truth.answers[state] {
                        let isWhole = Scratch.read("\(folder)/\(file.name)") == file.bytes
                        if isDerived, isWhole { counts.repaired += 1 } else { counts.right += 1 }
                    } else if isLog, IndexFiles.history.contains(answers) {
                        counts.earlier += 1
                    } else {
                        Issue.record("\(file.name), \(damage.what): other answers than without damage")
                    }
                } catch let error as IndexError {
                    #expect(!isDerived, "\(file.name), \(damage.what): \(error.message)")
                    #expect(!error.message.isEmpty && error.path.hasPrefix(folder))
                    #expect(
                        [.corrupted, .newerFormat, .otherModel, .notFound].contains(error.reason),
                        "\(file.name), \(damage.what): \(error.reason) \(error.message)")
                    counts.refused += 1
                }
                // A writer ends with a typed error or with what it was to do, too.
                do { try IndexFiles.write(folder) } catch is IndexError {}
            }
            print("\(["a closed index", "an open index"][state]), \(file.name): \(counts)")
        }
    }

    /// The states that damage to the log may bring back are told from each other, and from wrong ones, by what they rank.
    @Test func earlierStatesAreTheLastWithoutWhatCameLater() {
        #expect(IndexFiles.history.map(\.counts.ready) == [5, 6, 7, 8])
        #expect(IndexFiles.historyAgrees())
    }

    /// The log's shared memory lies in a file, which SQLite makes anew where nobody has it open: nothing of it is believed, be it
    /// damaged or of another state of the index.
    @Test func theLogsSharedMemoryIsMadeAnew() throws {
        let truth = IndexFiles.shared
        let folder = Scratch.newFolder("sweep-memory")
        let name = "videos.sqlite-shm"
        func sharedMemory(_ state: Int) throws -> [UInt8] {
            truth.lay(truth.states[state], into: folder)
            let index = try VideoIndex.open(readingFrom: folder)
            defer { index.close() }
            return try #require(Scratch.read("\(folder)/\(name)"))
        }
        let bytes = try sharedMemory(1)
        #expect(bytes.count >= 32768 && bytes.contains { $0 != 0 })
        var harmless = 0
        func check(_ bytes: [UInt8], _ what: String) throws {
            truth.lay(truth.states[1] + [(name, bytes)], into: folder)
            #expect(try IndexFiles.answers(folder) == truth.answers[1], "\(what)")
            try IndexFiles.write(folder)
            harmless += 1
        }
        try check(sharedMemory(0), "that of an earlier state")
        // Most of it is nothing: what there is lies in its header, and where the table of the log's pages begins and ends.
        let header = Regions(Array(bytes[..<136]), count: 136, seed: 8)
        for damage in header { try check(damage.bytes + bytes[damage.bytes.count...], damage.what) }
        for damage in Regions(bytes, count: 160, seed: 9) { try check(damage.bytes, damage.what) }
        print("an open index, \(name): \(harmless) damages, all harmless")
    }

    /// The lock's text is for the message alone.
    @Test func aDamagedLockLocksAllTheSame() throws {
        let truth = IndexFiles.shared
        let folder = Scratch.newFolder("sweep-lock")
        for text in ["", "x", "\0\0\0", "-7\n", "99999999999999999999999", "\u{FFFD}1"] {
            truth.lay(truth.states[0] + [("lock", Array(text.utf8))], into: folder)
            let descriptor = open("\(folder)/lock", O_RDWR | O_CLOEXEC)
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            var refusal: IndexError?
            do { try IndexFiles.write(folder) } catch let error as IndexError { refusal = error }
            #expect(refusal?.reason == .busy, "\(text)")
            close(descriptor)
            try IndexFiles.write(folder)
        }
    }
}
