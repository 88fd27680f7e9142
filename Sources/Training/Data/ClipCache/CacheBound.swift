import Base
import Glibc

/// What a cache folder holds, and how it is kept from growing without end: the entries that were not used for longest go first.
/// An entry's modification time is that of its last use.
struct CacheBound {
    private struct Entry {
        var path: String
        var bytes: Int64
        /// Seconds since 1970.
        var used: Double
    }
    /// Bytes of all entries that are left.
    private(set) var bytes: Int64 = 0
    /// Entries that were removed.
    private(set) var removed = 0

    /// Marks an entry as used now.
    static func markUsed(_ path: String) {
        // A folder that cannot be written to is not pruned either.
        utimensat(AT_FDCWD, path, nil, 0)
    }

    /// Removes entries until the folder takes `limit` bytes at most, but none that was used since `start`: this run needs those,
    /// or another one does that began meanwhile. What runs left that were killed while they wrote is removed after a day.
    ///
    /// - Parameter start: seconds since 1970.
    init(folder: String, limit: Int64, start: Double) {
        var entries: [Entry] = []
        guard let names = Folder.names(in: folder) else { return }
        for name in names {
            let path = "\(folder)/\(name)"
            guard let status = FileStatus(path: path, followingLinks: false), status.isRegular else {
                continue
            }
            let used = Double(status.modified) * 1e-9
            // `.….tmp` is of earlier versions.
            let isTemporary =
                name.hasSuffix(AtomicFile.temporaryEnding) || name.hasPrefix(".") && name.hasSuffix(".tmp")
            if isTemporary, used < start - 86_400 {
                unlink(path)
            } else if name.hasSuffix(".frames"), !name.hasPrefix(".") {
                entries.append(Entry(path: path, bytes: status.size, used: used))
            }
        }
        bytes = entries.reduce(0) { $0 + $1.bytes }
        // The clock of files' times may be a few milliseconds behind.
        let unused = entries.filter { $0.used < start - 1 }
        for entry in unused.sorted(by: { ($0.used, $0.path) < ($1.used, $1.path) }) where bytes > limit {
            guard unlink(entry.path) == 0 else { continue }
            bytes -= entry.bytes
            removed += 1
        }
    }
}
