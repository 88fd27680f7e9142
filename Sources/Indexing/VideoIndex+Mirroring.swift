internal import GRDB

import Distributions

/// One change of an index that this one is a copy of.
package enum MirroredChange: Sendable {
    case store(NewVideo)
    case fail(FileIdentity, reason: String, message: String)
    case remove(path: String)
}

extension VideoIndex {
    /// Makes the changes in their order and one transaction. To make them again changes nothing more.
    package func apply(_ changes: [MirroredChange]) throws(IndexError) {
        if changes.isEmpty { return }
        var encoded: [VideoVectors?] = []
        for change in changes {
            if case .store(let video) = change {
                encoded.append(try encode(video))
            } else {
                encoded.append(nil)
            }
        }
        try write { db, library in
            for (change, rows) in zip(changes, encoded) {
                switch change {
                case .store(let video):
                    let row = VideoRow(
                        id: 0, identity: video.identity, failure: nil, facts: video.facts,
                        clipCount: video.intervals.count)
                    _ = try put(row, rows, db, &library)
                case .fail(let identity, let reason, let message):
                    let row = VideoRow(failed: identity, reason: reason, message: message)
                    _ = try put(row, nil, db, &library)
                case .remove(let path):
                    if let row = try VideoRow.fetch(db, path: path, folder: folder) {
                        try delete(row, db, &library)
                    }
                }
            }
        }
    }

    /// A number that grows with each ready video that is stored or goes.
    package func sequence() throws(IndexError) -> Int64 {
        try read { try LibraryRow($0, folder: folder).sequence }
    }

    /// Has the lists of roots and decisions be these.
    package func replaceLists(roots: [String], decisions: [PairDecision]) throws(IndexError) {
        let former = try self.decisions()
        let kept = Set(decisions.map { [$0.first, $0.second] })
        try withdraw(former.map { ($0.first, $0.second) }.filter { !kept.contains([$0.0, $0.1]) })
        try record(decisions)
        try write { db, _ in try db.execute(sql: "DELETE FROM root") }
        try addRoots(roots)
    }
}
