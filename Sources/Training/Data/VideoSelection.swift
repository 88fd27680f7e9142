#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Which videos of the folders stay out of training, so that they can be measured on.
public struct VideoSelection: Sendable {
    /// Left out where h mod this is 0, h being FNV-1a (64 bits) over the UTF-8 bytes of the file's name with its
    /// ending and without its folders; nil leaves nothing out by name. At least 2.
    public var holdOut: Int?
    private var excluded: Set<String> = []

    /// Leaves nothing out.
    public init() {}

    /// Whether `holdOut: parts` leaves this file out; the rule for whoever measures on the rest.
    public static func isHeldOut(path: String, parts: Int) -> Bool {
        precondition(parts >= 1)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] }
        for byte in (name ?? path[...]).utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return hash % UInt64(parts) == 0
    }

    /// Leaves out what a list names: a line is a file's name, or the last parts of its path, or its whole path.
    /// Empty lines and lines that begin with "#" mean nothing.
    public mutating func exclude(list: String) {
        for line in list.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            var line = line
            while line.hasPrefix("./") { line = line.dropFirst(2) }
            if !line.isEmpty { excluded.insert(String(line)) }
        }
    }

    /// Reads a list from a file; see `exclude(list:)`.
    public mutating func exclude(listAt path: String) throws(TrainingError) {
        exclude(list: try TextFile.read(path))
    }

    /// The paths that stay, in their order.
    public func selected(_ paths: [String]) -> [String] { paths.filter(isSelected) }

    private func isSelected(_ path: String) -> Bool {
        if let holdOut, Self.isHeldOut(path: path, parts: holdOut) { return false }
        if excluded.isEmpty { return true }
        return !names(path) && !(Self.resolved(path).map(names) ?? false)
    }

    /// Whether the list names the path or a part of it that begins after a slash.
    private func names(_ path: String) -> Bool {
        var rest = path[...]
        while true {
            if excluded.contains(String(rest)) { return true }
            guard let slash = rest.firstIndex(of: "/") else { return false }
            rest = rest[rest.index(after: slash)...]
        }
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// Small files that a user writes.
public enum TextFile {
    /// The file's text, which must be UTF-8 and at most 64 MiB.
    public static func read(_ path: String) throws(TrainingError) -> String {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            throw .file(path: path, problem: "cannot be read: \(FileReplacement.reason())")
        }
        guard facts.st_mode & S_IFMT == S_IFREG, facts.st_size <= 64 << 20 else {
            throw .file(path: path, problem: "is no text file")
        }
        if facts.st_size == 0 { return "" }
        guard let file = MappedFile(path: path) else {
            throw .file(path: path, problem: "cannot be read: \(FileReplacement.reason())")
        }
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw .file(path: path, problem: "is not UTF-8 text")
        }
        return text
    }
}
