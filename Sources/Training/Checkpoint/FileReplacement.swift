internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that appears under its name only once it is whole: written beside it under another name, brought
/// to the disk, then renamed. What was there before stays until then, and stays if anything fails.
final class FileReplacement {
    private let path: String
    private let temporary: String
    private var descriptor: Int32
    /// Two threads may write the same file, such as the frames of two copies of a video; each needs its own name.
    private static let count = Atomic<Int>(0)

    /// Opens the temporary file.
    init(path: String) throws(TrainingError) {
        self.path = path
        let (folder, name) = Self.split(path)
        let number = Self.count.add(1, ordering: .relaxed).newValue
        temporary = "\(folder)/.\(name).\(getpid()).\(number).tmp"
        descriptor = open(temporary, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw .file(path: temporary, problem: "cannot be created: \(Self.reason())") }
    }

    deinit { abandon() }

    /// Appends.
    func write(_ bytes: UnsafeRawBufferPointer) throws(TrainingError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let done = Glibc.write(descriptor, part.baseAddress, min(part.count, 1 << 30))
            if done < 0 && errno == EINTR { continue }
            try check(done > 0)
            rest = rest.dropFirst(done)
        }
    }

    /// Appends.
    func write(_ bytes: [UInt8]) throws(TrainingError) {
        // `Array.withUnsafeBytes` does not carry typed errors.
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(TrainingError) in try write(buffer) }
        }
        try result.get()
    }

    /// Writes over what is at `offset`.
    func overwrite(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(TrainingError) {
        try check(pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(offset)) == bytes.count)
    }

    /// Brings everything to the disk and gives the file its name.
    func commit() throws(TrainingError) {
        try check(fsync(descriptor) == 0)
        let closed = close(descriptor)
        descriptor = -1
        if closed != 0 || rename(temporary, path) != 0 {
            let why = Self.reason()
            unlink(temporary)
            throw .file(path: path, problem: "cannot be written: \(why)")
        }
        // The name, too, must survive a loss of power. Not every file system can do this for folders.
        let folder = open(Self.split(path).folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private func check(_ succeeded: Bool) throws(TrainingError) {
        if succeeded { return }
        let why = Self.reason()
        abandon()
        throw .file(path: path, problem: "cannot be written: \(why)")
    }

    private func abandon() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
        descriptor = -1
    }

    static func reason() -> String { String(cString: strerror(errno)) }

    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = String(path[..<slash])
        return (folder.isEmpty ? "/" : folder, String(path[path.index(after: slash)...]))
    }

    /// Writes text as a whole.
    static func write(_ text: String, to path: String) throws(TrainingError) {
        let file = try FileReplacement(path: path)
        try file.write(Array(text.utf8))
        try file.commit()
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes the folder and those above it.
    static func makeFolder(_ path: String) throws(TrainingError) {
        var facts = stat()
        if stat(path, &facts) == 0 {
            if facts.st_mode & S_IFMT == S_IFDIR { return }
            throw .file(path: path, problem: "is a file, not a folder")
        }
        let above = split(path).folder
        if above != path && above != "." { try makeFolder(above) }
        if mkdir(path, 0o755) != 0 && errno != EEXIST {
            throw .file(path: path, problem: "cannot be created: \(reason())")
        }
    }
}
