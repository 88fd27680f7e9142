import Foundation
import Fuzzing
import Indexing
import Retrieval
import Testing

/// Every file of an index, damaged in every region in turn: the answers stay those of before, or the damage is named.
@Suite(.serialized) struct DamageSweepTests {
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
        let folder = Scratch.folder + "/sweep"
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
                    } else if isLog, (5..<8).contains(answers.counts.ready) {
                        #expect(answers.ranking.count == answers.counts.ready)
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
}
