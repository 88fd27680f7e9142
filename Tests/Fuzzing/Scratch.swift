import Glibc

/// A folder of this process's own, in memory where the system has such a place, that goes when the process ends.
package enum Scratch {
    package static let folder: String = {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/mixtape-fuzzing-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("no temporary folder") }
        atexit { Scratch.remove(Scratch.folder) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// A new folder in it.
    package static func newFolder(_ name: String) -> String {
        let path = "\(folder)/\(name)"
        mkdir(path, 0o755)
        return path
    }

    /// Writes a file of it; returns the path.
    @discardableResult
    static func write(_ bytes: [UInt8], to name: String) -> String {
        let path = name.hasPrefix("/") ? name : "\(folder)/\(name)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { preconditionFailure("\(path) cannot be written") }
        defer { close(descriptor) }
        bytes.withUnsafeBytes { raw in
            var done = 0
            while done < raw.count {
                let count = Glibc.write(descriptor, raw.baseAddress.map { $0 + done }, raw.count - done)
                guard count > 0 else { preconditionFailure("\(path) cannot be written") }
                done += count
            }
        }
        return path
    }

    /// A whole file; nil where there is none.
    package static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }

    /// The names of a folder's files.
    static func names(in folder: String) -> [String] {
        guard let entries = opendir(folder) else { return [] }
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a folder with all that is in it.
    static func remove(_ folder: String) {
        for name in names(in: folder) {
            let path = "\(folder)/\(name)"
            if unlink(path) != 0 { remove(path) }
        }
        rmdir(folder)
    }
}
