import Glibc

/// What the filesystem says of a path.
package struct FileStatus: Equatable, Sendable {
    package var mode: mode_t
    /// Bytes.
    package var size: Int64
    /// Nanoseconds since 1970.
    package var modified: Int64
    /// Of the status itself, nanoseconds since 1970.
    package var statusChanged: Int64
    package var device: Int64
    package var inode: UInt64
    /// Names that the file has.
    package var links: UInt64

    package var isFolder: Bool { mode & S_IFMT == S_IFDIR }
    package var isRegular: Bool { mode & S_IFMT == S_IFREG }
    package var isLink: Bool { mode & S_IFMT == S_IFLNK }

    /// The kind of a file that is not a regular one, such as "a named pipe".
    package var irregularKind: String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a folder"
        case S_IFIFO: "a named pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        case S_IFLNK: "a symbolic link"
        default: "not a regular file"
        }
    }

    /// Of what the system said.
    package init(_ facts: stat) {
        mode = facts.st_mode
        size = Int64(facts.st_size)
        modified = facts.st_mtim.nanoseconds
        statusChanged = facts.st_ctim.nanoseconds
        device = Int64(bitPattern: UInt64(facts.st_dev))
        inode = UInt64(facts.st_ino)
        links = UInt64(facts.st_nlink)
    }

    /// Of an open file; nil, and `errno`, where it may not be known.
    package init?(descriptor: Int32) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { return nil }
        self.init(facts)
    }

    /// Of the path, or of what it links to; the error where there is nothing or it may not be known.
    package static func of(_ path: String, followingLinks: Bool = true) -> Result<FileStatus, SystemError> {
        var facts = stat()
        let result = followingLinks ? stat(path, &facts) : lstat(path, &facts)
        return result == 0 ? .success(FileStatus(facts)) : .failure(SystemError(operation: "read"))
    }

    /// Nil, and `errno`, where there is nothing or it may not be known.
    package init?(path: String, followingLinks: Bool = true) {
        guard case .success(let status) = Self.of(path, followingLinks: followingLinks) else { return nil }
        self = status
    }

    /// Whether there is certainly nothing at this path; false also where it may not be known.
    package static func isGone(_ path: String) -> Bool {
        if case .failure(let error) = of(path, followingLinks: false) {
            return error.code == ENOENT || error.code == ENOTDIR
        }
        return false
    }

    /// Whether two paths are names of one file.
    package static func areOne(_ first: String, _ second: String) -> Bool {
        guard let a = FileStatus(path: first), a.links > 1, let b = FileStatus(path: second)
        else { return false }
        return a.mark == b.mark
    }

    /// The filesystem of the nearest folder above `path` that exists.
    package static func deviceAbove(_ path: String) -> Int64? {
        var path = path
        while path != "/", path.utf8.contains(UInt8(ascii: "/")) {
            path = Path.folder(of: path)
            if let status = FileStatus(path: path), status.isFolder { return status.device }
        }
        return nil
    }
}

/// Which file or folder a name stands for.
package struct FileMark: Hashable, Sendable {
    package var device: Int64
    package var inode: UInt64

    package init(device: Int64, inode: UInt64) { (self.device, self.inode) = (device, inode) }
}

extension FileStatus {
    /// Equal for all names of one file.
    package var mark: FileMark { FileMark(device: device, inode: inode) }
}
