import Glibc

/// Where a file is, as the index writes it down.
enum FilePlace {
    /// The path from the root with symbolic links resolved as far as its folders exist, so that a file
    /// that is gone is named as it was when it was there.
    static func absolute(_ path: String) -> String {
        var missing: [Substring] = []
        var existing = Substring(path)
        while true {
            if let resolved = resolve(existing.isEmpty ? "." : String(existing)) {
                return missing.reversed().reduce(resolved) { $0 == "/" ? "/\($1)" : "\($0)/\($1)" }
            }
            while existing.count > 1, existing.last == "/" { existing.removeLast() }
            guard let slash = existing.lastIndex(of: "/") else {
                if !existing.isEmpty { missing.append(existing) }
                existing = ""
                if resolve(".") == nil { return path }
                continue
            }
            missing.append(existing[existing.index(after: slash)...])
            existing = slash == existing.startIndex ? "/" : existing[..<slash]
        }
    }

    /// The folders that lie in none of the others, in the order given.
    static func outermost(_ folders: [String]) -> [String] {
        folders.filter { folder in
            !folders.contains { folder != $0 && folder.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }
        }
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
