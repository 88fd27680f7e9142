import Glibc

/// Paths of the file system, as text.
package enum Path {
    /// The path from the root with all symbolic links resolved; nil where nothing is there.
    package static func real(_ path: String) -> String? {
        guard !path.utf8.contains(0), let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// The path from the root with symbolic links resolved as far as its folders exist, and the rest as it is: a file that is
    /// gone is named as it was when it was there.
    package static func resolved(_ path: String) -> String {
        var head = path.hasPrefix("/") ? path : currentFolder() + "/" + path
        var tail: [Substring] = []
        while true {
            if let base = real(head) {
                let whole = ([base == "/" ? "" : base[...]] + tail.reversed()).joined(separator: "/")
                return whole.isEmpty ? "/" : whole
            }
            while head.count > 1, head.hasSuffix("/") { head.removeLast() }
            guard let slash = head.lastIndex(of: "/"), head != "/" else { return path }
            let name = head[head.index(after: slash)...]
            if !name.isEmpty && name != "." { tail.append(name) }
            head = slash == head.startIndex ? "/" : String(head[..<slash])
        }
    }

    private static func currentFolder() -> String {
        guard let folder = getcwd(nil, 0) else { return "/" }
        defer { free(folder) }
        return String(cString: folder)
    }

    /// What stands before the last slash: "/" for a name at the root, "." for one without a slash.
    package static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What stands behind the last slash.
    package static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }

    /// Whether something is there that can be reached.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The folders that lie in none of the others, in the order given.
    package static func outermost(_ folders: [String]) -> [String] {
        folders.filter { folder in
            !folders.contains { folder != $0 && folder.isAtOrBelow($0) }
        }
    }
}
