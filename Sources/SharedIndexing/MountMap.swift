import Base
import Glibc

/// Where this machine sees the folders that a shared index names.
///
/// A file below the folder of a root is written down as `name:/rest`, so that each machine finds it where it mounts the
/// root; a file elsewhere by its path, which then must be the same on every machine.
public struct MountMap: Sendable, Hashable {
    /// A name and the folder that it stands for on this machine.
    struct Root: Sendable, Hashable {
        var name: String
        /// Absolute, links resolved, without a slash at the end.
        var folder: String
    }
    private(set) var roots: [Root] = []

    /// Every path stands for itself.
    public init() {}

    /// Adds a root from `name=folder`.
    ///
    /// - Returns: what is wrong with it, if anything.
    public mutating func add(_ text: String) -> String? {
        guard let sign = text.firstIndex(of: "=") else { return "expected NAME=FOLDER" }
        let name = String(text[..<sign])
        let folder = String(text[text.index(after: sign)...])
        let letters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        guard (1...64).contains(name.count), name.allSatisfy(letters.contains) else {
            return "a name is letters, digits, - and _"
        }
        if roots.contains(where: { $0.name == name }) { return "the name \(name) is given twice" }
        guard let resolved = Path.real(folder) else { return "\(folder): no such folder" }
        roots.append(Root(name: name, folder: resolved == "/" ? "" : resolved))
        // The innermost first.
        roots.sort { ($1.folder.utf8.count, $0.name) < ($0.folder.utf8.count, $1.name) }
        return nil
    }

    /// The names, and the empty one of paths that stand for themselves.
    var names: [String] { [""] + roots.map(\.name) }

    /// How the index writes a path of this machine.
    package func stored(_ path: String) -> String {
        for root in roots {
            if path.utf8.elementsEqual(root.folder.utf8) { return root.name + ":/" }
            let prefix = root.folder + "/"
            if path.utf8.starts(with: prefix.utf8) {
                return root.name + ":/" + String(path.utf8.dropFirst(prefix.utf8.count))!
            }
        }
        return path
    }

    /// Where this machine finds a path of the index; one below a root that is unknown here stays as it is.
    package func local(_ stored: String) -> String {
        guard let (name, rest) = MountMap.split(stored), let root = roots.first(where: { $0.name == name })
        else { return stored }
        return rest.isEmpty ? (root.folder.isEmpty ? "/" : root.folder) : root.folder + "/" + rest
    }

    /// The root's name of a path of the index; empty where it stands for itself.
    static func name(of stored: String) -> String { split(stored)?.name ?? "" }

    private static func split(_ stored: String) -> (name: String, rest: String)? {
        if stored.utf8.first == UInt8(ascii: "/") { return nil }
        guard let colon = stored.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let rest = stored.utf8[stored.utf8.index(after: colon)...]
        guard rest.first == UInt8(ascii: "/") else { return nil }
        return (String(stored[..<colon]), String(rest.dropFirst())!)
    }
}
