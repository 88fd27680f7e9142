import Base
import Glibc

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
        var hash = FNVChecksum()
        hash.addBytes(Path.name(of: path))
        return hash.value % UInt64(parts) == 0
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
        return !names(path) && !(Path.real(path).map(names) ?? false)
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
}

/// Small files that a user writes.
public enum TextFile {
    /// The file's text, which must be UTF-8 and at most 64 MiB.
    public static func read(_ path: String) throws(TrainingError) -> String {
        let most = 64 << 20
        if let status = FileStatus(path: path), !status.isRegular || status.size > most {
            throw .file(path: path, problem: "is not a text file")
        }
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try FileBytes.read(path, limit: most) } catch {
            throw .file(path: path, problem: "cannot be read: \(error.message)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .file(path: path, problem: "is not UTF-8 text")
        }
        return text
    }
}
