/// A path as the bytes it is: equality and order of `String` follow Unicode, where a composed and a decomposed "é"
/// are the same, but they are two files.
package struct PathKey: Hashable, Comparable, Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    package static func == (a: PathKey, b: PathKey) -> Bool { a.path.utf8.elementsEqual(b.path.utf8) }

    package static func < (a: PathKey, b: PathKey) -> Bool {
        a.path.utf8.lexicographicallyPrecedes(b.path.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var path = path
        path.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether this path is `folder` or lies below it.
    package func isAtOrBelow(_ folder: String) -> Bool {
        let (path, prefix) = (utf8, folder.utf8)
        guard path.starts(with: prefix) else { return false }
        return path.count == prefix.count || folder.utf8.last == UInt8(ascii: "/")
            || path.dropFirst(prefix.count).first == UInt8(ascii: "/")
    }
}
