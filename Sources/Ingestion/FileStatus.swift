import Glibc
import Indexing

/// What the filesystem says of a path.
struct FileStatus: Equatable {
    var mode: mode_t
    var size: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    /// Of the status itself, nanoseconds since 1970.
    var statusChanged: Int64
    var device: Int64
    var inode: UInt64
    /// Names that the file has.
    var links: UInt64

    var isFolder: Bool { mode & S_IFMT == S_IFDIR }
    var isRegular: Bool { mode & S_IFMT == S_IFREG }
    var isLink: Bool { mode & S_IFMT == S_IFLNK }

    /// What a file is that is none, such as "a named pipe"; nil for regular files.
    var oddity: String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a folder"
        case S_IFIFO: "a named pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        case S_IFLNK: "a symbolic link"
        default: "no regular file"
        }
    }

    private init(_ facts: stat) {
        mode = facts.st_mode
        size = Int64(facts.st_size)
        modified = facts.st_mtim.nanoseconds
        statusChanged = facts.st_ctim.nanoseconds
        device = Int64(bitPattern: UInt64(facts.st_dev))
        inode = UInt64(facts.st_ino)
        links = UInt64(facts.st_nlink)
    }

    /// Of the path, or of what it links to; the error number where there is nothing or it may not be known.
    static func of(_ path: String, followingLinks: Bool) -> Result<FileStatus, SystemError> {
        var facts = stat()
        let result = followingLinks ? stat(path, &facts) : lstat(path, &facts)
        return result == 0 ? .success(FileStatus(facts)) : .failure(SystemError(number: errno))
    }

    /// Whether there is certainly nothing at this path; false also where it may not be known.
    static func isGone(_ path: String) -> Bool {
        if case .failure(let error) = of(path, followingLinks: false) {
            return error.number == ENOENT || error.number == ENOTDIR
        }
        return false
    }

    /// Whether two paths are names of one file.
    static func areOne(_ first: String, _ second: String) -> Bool {
        guard case .success(let a) = of(first, followingLinks: true), a.links > 1,
            case .success(let b) = of(second, followingLinks: true)
        else { return false }
        return a.device == b.device && a.inode == b.inode
    }

    /// The filesystem of the nearest folder above `path` that exists.
    static func deviceAbove(_ path: String) -> Int64? {
        var path = path
        while let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), path != "/" {
            path = slash == path.startIndex ? "/" : String(path[..<slash])
            if case .success(let status) = of(path, followingLinks: true), status.isFolder {
                return status.device
            }
        }
        return nil
    }
}

/// `errno`, kept.
struct SystemError: Error {
    var number: Int32
    var message: String { String(cString: strerror(number)) }
}

/// The path with all links resolved; where its end does not exist, the part that does, and the rest as it is.
func resolvedPath(_ path: String) -> String {
    var head = path.hasPrefix("/") ? path : currentFolder() + "/" + path
    var tail: [Substring] = []
    while true {
        if let real = realpath(head, nil) {
            defer { free(real) }
            let base = String(cString: real)
            return ([base == "/" ? "" : base[...]] + tail.reversed()).joined(separator: "/").nonEmptyPath
        }
        while head.count > 1, head.hasSuffix("/") { head.removeLast() }
        guard let slash = head.lastIndex(of: "/"), head != "/" else { return path }
        let name = head[head.index(after: slash)...]
        if !name.isEmpty && name != "." { tail.append(name) }
        head = slash == head.startIndex ? "/" : String(head[..<slash])
    }
}

extension String {
    fileprivate var nonEmptyPath: String { isEmpty ? "/" : self }
}

private func currentFolder() -> String {
    guard let folder = getcwd(nil, 0) else { return "/" }
    defer { free(folder) }
    return String(cString: folder)
}
