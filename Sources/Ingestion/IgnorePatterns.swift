import Glibc

/// Patterns of names and paths to leave out, and the folder that they count from.
struct IgnorePatterns {
    private struct Pattern {
        var text: String
        /// Whether it names a path, not a name anywhere.
        var isPath: Bool
        var isOfFolders: Bool
    }
    private let patterns: [Pattern]
    private let base: String

    /// - Parameter lines: blank ones and those that begin with `#` say nothing.
    init(_ lines: [String], base: String) {
        self.base = base.hasSuffix("/") ? base : base + "/"
        patterns = lines.compactMap { line in
            var text = line
            while let last = text.last, last.isWhitespace { text.removeLast() }
            if text.isEmpty || text.hasPrefix("#") { return nil }
            let isOfFolders = text.count > 1 && text.hasSuffix("/")
            if isOfFolders { text.removeLast() }
            return Pattern(text: text, isPath: text.contains("/"), isOfFolders: isOfFolders)
        }
    }

    /// Whether there is none.
    var isEmpty: Bool { patterns.isEmpty }

    func matches(_ path: String, name: String, isFolder: Bool) -> Bool {
        patterns.contains { pattern in
            if pattern.isOfFolders, !isFolder { return false }
            guard pattern.isPath else { return Self.fits(name, pattern.text) }
            if Self.fits(path, pattern.text) { return true }
            guard path.utf8.starts(with: base.utf8) else { return false }
            let relative = String(path.dropFirst(base.count))
            let text = pattern.text.hasPrefix("./") ? String(pattern.text.dropFirst(2)) : pattern.text
            return Self.fits(relative, text.hasPrefix("/") ? String(text.dropFirst()) : text)
        }
    }

    private static func fits(_ text: String, _ pattern: String) -> Bool {
        fnmatch(pattern, text, pattern.contains("**") ? 0 : Int32(FNM_PATHNAME)) == 0
    }
}

/// What a folder says of itself: marks that other programs know, and our own.
struct FolderMarks {
    static let noMedia = ".nomedia"
    static let ignore = ".mixtapeignore"
    /// Longer files of patterns are cut.
    private static let mostBytes = 1 << 16

    /// Recycle bins, and what network drives and systems keep in their own folders; in lower case. Those that begin with a dot
    /// are hidden anyway.
    private static let systemFolders: Set<String> = [
        "#recycle", "@recycle", "$recycle.bin", "recycler", "recycled", "network trash folder",
        "@eadir", "#snapshot", "@recently-snapshot", "@tmp", "@sharebin", "@database",
        "system volume information", "temporary items", "lost+found", "lost.dir", "__macosx",
    ]

    static func isSystemFolder(_ name: String) -> Bool { systemFolders.contains(name.lowercased()) }

    /// The lines of a folder's `.mixtapeignore`; empty where it is empty.
    static func ignoreLines(in folder: String) -> [String] {
        guard let file = fopen(folder + "/" + ignore, "re") else { return [] }
        defer { fclose(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: mostBytes) { buffer, count in
            count = fread(buffer.baseAddress, 1, mostBytes, file)
        }
        return bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    }
}
