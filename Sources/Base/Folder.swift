import Glibc

/// Folders of the file system.
package enum Folder {
    /// Makes the folder and those above it that are missing.
    package static func make(_ path: String) throws(SystemError) {
        if path.isEmpty || mkdir(path, 0o755) == 0 { return }
        let code = errno
        if code == ENOENT, path != "/" {
            let above = Path.folder(of: path)
            guard above != "." else { throw SystemError(operation: "make the folder", code: code) }
            try make(above)
            if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
            throw SystemError(operation: "make the folder")
        }
        guard code == EEXIST, let status = FileStatus(path: path) else {
            throw SystemError(operation: "make the folder", code: code)
        }
        if !status.isFolder { throw SystemError(operation: "make the folder", code: ENOTDIR) }
    }

    /// Makes the folder, but none above it.
    package static func makeLast(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw SystemError(operation: "make the folder")
        }
    }

    /// The names of what is in the folder, hidden ones included, in no order; nil, and `errno`, where it cannot be opened.
    package static func names(in path: String) -> [String]? {
        guard let entries = opendir(path) else { return nil }
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
