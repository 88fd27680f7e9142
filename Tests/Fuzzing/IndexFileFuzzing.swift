import Glibc
import Indexing
import Retrieval

/// An index of which one file was damaged: the first byte says whether it was closed, the second which file, the rest is
/// `Damage`. It answers as without the damage, or says that it is damaged.
enum IndexFileFuzzing {
    static let target = FuzzTarget(
        name: "index",
        seeds: {
            var seeds: [[UInt8]] = [[0, 0], [1, 0]]
            for state in 0..<2 {
                for (place, file) in IndexFiles.shared.states[state].enumerated() {
                    for share in [0, 100, 1000, file.bytes.count / 2, file.bytes.count - 1]
                    where share < file.bytes.count {
                        seeds.append(
                            [UInt8(state), UInt8(place)] + Damage.act(0, at: share, 0x10))
                    }
                    seeds.append(
                        [UInt8(state), UInt8(place)] + Damage.act(2, at: file.bytes.count / 2, 0))
                    seeds.append([UInt8(state), UInt8(place)] + Damage.act(3, at: 30, 200))
                }
            }
            return seeds
        },
        run: { bytes in
            var input = ByteSource(bytes)
            let state = Int(input.byte() & 1)
            var files = IndexFiles.shared.states[state]
            let damaged = Int(input.byte()) % files.count
            Damage.apply(&input, to: &files[damaged].bytes)
            let folder = "\(Scratch.folder)/index-damaged"
            IndexFiles.shared.lay(files, into: folder)
            let isLog = files[damaged].name.hasSuffix("-wal")
            try allowing {
                let answers = try IndexFiles.answers(folder)
                // A log that is cut, or damaged, ends at the last whole transaction: an earlier state, and a whole one.
                let possible = isLog ? IndexFiles.history : [IndexFiles.shared.answers[state]]
                try must(
                    possible.contains(answers),
                    "\(files[damaged].name): other answers than there ever were without damage")
            }
            try allowing { try IndexFiles.write(folder) }
        })

    /// Lets typed errors of the index pass.
    private static func allowing(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as IndexError {
            try must(error.reason != .busy, "a damaged index is said to be busy: \(error.message)")
        } catch SearchError.index {
        }
    }
}

extension IndexFiles {
    /// All that the index of the second state ever said: before its log begins, and after each of the changes in it. What a
    /// damaged log says is one of these, every distance to the bit.
    package static let history: [Answers] = {
        do {
            // The same changes, made to an index that was closed after each, so that no log is read.
            let folder = Scratch.newFolder("index-history")
            shared.lay(shared.states[0], into: folder)
            var history = [shared.answers[0]]
            for number in 5..<8 {
                let index = try open(folder)
                try store(number, in: index)
                index.close()
                history.append(try answers(folder))
            }
            return history
        } catch {
            fatalError("\(error)")
        }
    }()

    /// Whether earlier rankings are the last ones without what came later: what a video's distance is does not depend on what
    /// else there is.
    package static func historyAgrees() -> Bool {
        let last = shared.answers[1]
        return history.last == last
            && history.allSatisfy { state in
                let paths = Set(state.videos.map(\.identity.path))
                func kept(_ places: [Place]) -> [Place] { places.filter { paths.contains($0.path) } }
                return paths.count == state.counts.ready && state.ranking == kept(last.ranking)
                    && state.rankingByScenes == kept(last.rankingByScenes)
                    && !state.rankingByParts.isEmpty
            }
    }
}
