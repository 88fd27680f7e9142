import Glibc

extension VideoIndex {
    static func resolve(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    static func fileSize(_ path: String) -> Int64? {
        var facts = stat()
        return stat(path, &facts) == 0 ? Int64(facts.st_size) : nil
    }

    static func exists(_ path: String) -> Bool { fileSize(path) != nil }

    /// `mkdir -p`.
    static func makeFolder(_ folder: String) throws(IndexError) {
        if folder.isEmpty || mkdir(folder, 0o755) == 0 { return }
        let code = errno
        if code == ENOENT, let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            try makeFolder(String(folder[..<slash]))
            if mkdir(folder, 0o755) == 0 || errno == EEXIST { return }
            throw .system(folder, doing: "making the folder", errno: errno)
        }
        var facts = stat()
        if code == EEXIST, stat(folder, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR { return }
        throw .system(folder, doing: "making the folder", errno: code)
    }

    /// Bytes that the index takes on the disk, moments and write-ahead log included.
    public var sizeOnDisk: Int64 {
        ["/videos.sqlite", "/videos.sqlite-wal", "/moments.bin", "/clips.bin", "/scenes.bin"].reduce(0) {
            $0 + (VideoIndex.fileSize(folder + $1) ?? 0)
        }
    }
}
