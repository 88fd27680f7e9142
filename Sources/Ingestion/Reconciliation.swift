import Base
import Indexing

/// A file to be encoded, and the files with the same content that will share what comes of it.
struct EncodingTask {
    var file: ScannedFile
    var fingerprint: String
    var copies: [FileIdentity] = []

    var identity: FileIdentity { file.identity(fingerprint: fingerprint) }

    /// The fingerprint where the content is in doubt: the stream that was chosen, and no content.
    var unread: String {
        ChosenStream.fingerprint(of: "", stream: ChosenStream.number(in: fingerprint))
    }
}

extension ScannedFile {
    func identity(fingerprint: String) -> FileIdentity {
        FileIdentity(
            path: path, fingerprint: fingerprint, size: size, modified: modified, device: device,
            statusChanged: statusChanged)
    }
}

/// What becomes of files whose content is known by now: most of the time, work that need not be done again.
struct Reconciliation {
    /// Touched and moved rows.
    var changes: [FileChange] = []
    var touched = 0
    var moved = 0
    /// Files whose content another ready row has.
    var copies: [(source: Int64, identity: FileIdentity)] = []
    /// Files that are in the index already, under another name of theirs.
    var otherNames = 0
    var tasks: [EncodingTask] = []
    /// Rows that moved, which have thus not vanished.
    var movedRows: Set<Int64> = []

    /// - Parameters:
    ///   - contents: the new and changed files with their fingerprints, by path.
    ///   - isPassedOver: whether a file is to be left out of the index from now on; its row is free for another one.
    init(
        _ contents: [(file: ScannedFile, fingerprint: String)], known: [KnownFile], retryFailed: Bool,
        isPassedOver: (String) -> Bool = { _ in false }
    ) {
        var rowAtPath: [PathKey: KnownFile] = [:]
        var rowsWithContent: [String: [KnownFile]] = [:]
        let wanted = Set(contents.map(\.fingerprint))
        for row in known where row.isComplete {
            rowAtPath[PathKey(row.identity.path)] = row
            // A failure is only worth keeping where it will not be tried again.
            if wanted.contains(row.identity.fingerprint), row.isReady || !retryFailed {
                rowsWithContent[row.identity.fingerprint, default: []].append(row)
            }
        }
        var newContent: [PathKey: String] = [:]
        for (file, fingerprint) in contents { newContent[PathKey(file.path)] = fingerprint }

        // Rows that still describe the file at their path cannot be reused; they come first.
        var unsettled: [(file: ScannedFile, fingerprint: String)] = []
        var taken: Set<Int64> = []
        for (file, fingerprint) in contents {
            if let row = rowAtPath[PathKey(file.path)], row.identity.fingerprint == fingerprint,
                row.isReady || !retryFailed
            {
                changes.append(FileChange(id: row.id, identity: file.identity(fingerprint: fingerprint)))
                taken.insert(row.id)
                touched += 1
            } else {
                unsettled.append((file, fingerprint))
            }
        }

        var presence = DiskPresence()
        var taskOfContent: [String: Int] = [:]
        for (file, fingerprint) in unsettled {
            let identity = file.identity(fingerprint: fingerprint)
            let rows = rowsWithContent[fingerprint] ?? []
            func isFree(_ row: KnownFile) -> Bool {
                if taken.contains(row.id) { return false }
                if isPassedOver(row.identity.path) { return true }
                if let now = newContent[PathKey(row.identity.path)] { return now != fingerprint }
                return FileStatus.isGone(row.identity.path) && presence.hasDisk(of: row.identity)
            }
            if let row = rows.first(where: { $0.isReady && isFree($0) }) ?? rows.first(where: isFree) {
                changes.append(FileChange(id: row.id, identity: identity))
                taken.insert(row.id)
                movedRows.insert(row.id)
                moved += 1
            } else if rows.contains(where: { $0.isReady && FileStatus.areOne($0.identity.path, file.path) }) {
                otherNames += 1
            } else if let row = rows.first(where: \.isReady) {
                copies.append((row.id, identity))
            } else if let task = taskOfContent[fingerprint] {
                tasks[task].copies.append(identity)
            } else {
                taskOfContent[fingerprint] = tasks.count
                tasks.append(EncodingTask(file: file, fingerprint: fingerprint))
            }
        }
        // The largest first: the last file to finish is then a small one, and no processor waits long.
        tasks.sort { ($1.file.size, PathKey($0.file.path)) < ($0.file.size, PathKey($1.file.path)) }
    }
}
