import Base
import Indexing

/// What the folders hold against what the index knows, by path, size and times alone: no file is read for it.
struct Comparison {
    /// Files that are as they were when they were last read.
    var unchanged = 0
    /// Unchanged files whose filesystem has another number now, or of which an older version stored less.
    var refreshed: [FileChange] = []
    /// Files that are new, changed, or worth another attempt.
    var toRead: [ScannedFile] = []
    /// Files that cannot be opened at all.
    var unopenable: [ScannedFile] = []
    /// Rows whose file the scan did not meet, by path.
    var unseen: [KnownFile] = []

    init(_ scan: ScanResult, known: [KnownFile], retryFailed: Bool) {
        var rows: [PathKey: KnownFile] = [:]
        rows.reserveCapacity(known.count)
        for file in known { rows[PathKey(file.identity.path)] = file }
        var seen: Set<Int64> = []
        for var file in scan.files {
            let row = rows[PathKey(file.path)]
            if file.stream == nil, !file.takesMainStream, let row {
                file.stream = ChosenStream.number(in: row.identity.fingerprint)
                file.streamWasOf = ChosenStream.content(of: row.identity.fingerprint)
            }
            if let row { seen.insert(row.id) }
            if file.problem != nil {
                unopenable.append(file)
            } else if let row, Comparison.isSettled(row, file, retryFailed) {
                unchanged += 1
                if (row.identity.device, row.identity.statusChanged) != (file.device, file.statusChanged) {
                    var identity = row.identity
                    identity.device = file.device
                    identity.statusChanged = file.statusChanged
                    refreshed.append(FileChange(id: row.id, identity: identity))
                }
            } else {
                toRead.append(file)
            }
        }
        unseen = known.filter { !seen.contains($0.id) }
    }

    /// A failed file is not tried again while it is unchanged, unless that is asked for or it could not even be
    /// read: a row without a fingerprint does not identify its content. What an older version stored is read again where
    /// this version keeps more.
    private static func isSettled(_ row: KnownFile, _ file: ScannedFile, _ retryFailed: Bool) -> Bool {
        guard
            row.identity.isUntouched(
                size: file.size, modified: file.modified, statusChanged: file.statusChanged)
        else { return false }
        if ChosenStream.number(in: row.identity.fingerprint) != file.stream { return false }
        return row.isReady
            ? row.isComplete : !retryFailed && !ChosenStream.content(of: row.identity.fingerprint).isEmpty
    }
}

/// Which rows without a file are removed.
///
/// A row is removed where all of this holds:
/// 1. it lies at or below a root of this run, and its path no longer exists (ENOENT; not merely unreadable);
/// 2. every root above it exists, and the scan found a file at or below that root: a missing or empty folder may be a
///    disk that is not mounted;
/// 3. the nearest existing folder above it is on the same filesystem as the file was: otherwise a disk within the root
///    is missing. A shared index does not know filesystems; there the file's own folder must exist.
///
/// With `prune`, the first rule is enough. Rows outside the roots are always kept.
struct MissingRows {
    /// Numbers of the rows to remove.
    var removed: [Int64] = []
    /// Rows kept by the second and third rule.
    var kept = 0
    /// One message per root whose rows are kept although files are missing.
    var problems: [VideoError] = []

    init(_ unseen: [KnownFile], scan: ScanResult, prune: Bool, isShared: Bool = false) {
        var doubts: [PathKey: Bool] = [:]
        func isDoubtful(_ root: String) -> Bool {
            if let known = doubts[PathKey(root)] { return known }
            let doubtful =
                scan.missingRoots.contains(PathKey(root))
                || !scan.files.contains { $0.path.isAtOrBelow(root) }
            doubts[PathKey(root)] = doubtful
            return doubtful
        }
        var keptBelow: [PathKey: Int] = [:]
        var presence = DiskPresence(isShared: isShared)
        for row in unseen {
            let roots = scan.roots.filter { row.identity.path.isAtOrBelow($0) }
            guard let root = roots.first, FileStatus.isGone(row.identity.path) else { continue }
            let suspect = roots.first(where: isDoubtful)
            if prune || (suspect == nil && presence.hasDisk(of: row.identity)) {
                removed.append(row.id)
            } else {
                kept += 1
                keptBelow[PathKey(suspect ?? root), default: 0] += 1
            }
        }
        for (root, count) in keptBelow.sorted(by: { $0.key < $1.key }) {
            problems.append(
                VideoError(
                    path: root.path, reason: .notFound,
                    detail: "\(count) indexed \(count == 1 ? "file" : "files") below it "
                        + "\(count == 1 ? "is" : "are") missing, as if a disk were not mounted; kept "
                        + "(--prune removes them)"))
        }
    }
}

/// Whether the filesystems of missing files are there.
struct DiskPresence {
    private var devices: [PathKey: Int64?] = [:]
    private let isShared: Bool

    init(isShared: Bool = false) { self.isShared = isShared }

    /// Whether the filesystem on which the file lay is the one now found at its place.
    mutating func hasDisk(of identity: FileIdentity) -> Bool {
        if identity.device == 0, !isShared { return true }
        let slash = identity.path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? identity.path.startIndex
        let folder = PathKey(String(identity.path[..<slash]))
        if isShared { return !FileStatus.isGone(folder.path) }
        if let device = devices[folder] { return device == identity.device }
        let device = FileStatus.deviceAbove(identity.path)
        devices[folder] = .some(device)
        return device == identity.device
    }
}
