internal import Synchronization

import Glibc

/// What the operating system said, as text.
package struct SystemError: Error, Sendable {
    package var operation: String
    package var code: Int32

    package init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// Such as "cannot open: no such file or directory".
    package var description: String { "cannot \(operation): \(String(cString: strerror(code)).lowercased())" }
}

/// Files that appear under their name only when they are complete and on the disk.
package enum AtomicFile {
    /// How the names of temporary neighbours end. Each is locked (`flock`) by its writer: one without a lock is left over from a
    /// process that was killed.
    package static let temporaryEnding = ".temporary"
    /// Two threads may write the same file.
    private static let count = Atomic<Int>(0)

    /// Writes to a temporary neighbour, syncs, renames; `body` gets a function that appends bytes.
    package static func write(
        to path: String,
        _ body: ((UnsafeRawBufferPointer) throws(SystemError) -> Void) throws(SystemError) -> Void
    ) throws(SystemError) {
        let number = count.add(1, ordering: .relaxed).newValue
        let temporary = "\(path).\(getpid()).\(number)\(temporaryEnding)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError(operation: "create", code: errno) }
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
        var isOpen = true
        do throws(SystemError) {
            try body { (bytes) throws(SystemError) in try append(bytes, to: descriptor) }
            guard fsync(descriptor) == 0 else { throw SystemError(operation: "sync", code: errno) }
            isOpen = false
            guard close(descriptor) == 0 else { throw SystemError(operation: "close", code: errno) }
            guard rename(temporary, path) == 0 else { throw SystemError(operation: "rename", code: errno) }
        } catch {
            if isOpen { close(descriptor) }
            unlink(temporary)
            throw error
        }
        syncDirectory(of: path)
    }

    package static func write(_ text: String, to path: String) throws(SystemError) {
        try write(to: path) { (append) throws(SystemError) in
            let bytes = Array(text.utf8)
            let failure: SystemError? = bytes.withUnsafeBytes { raw in
                do throws(SystemError) {
                    try append(raw)
                    return nil
                } catch { return error }
            }
            if let failure { throw failure }
        }
    }

    /// The whole file, or an error where it is larger than `limit`.
    package static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(operation: "open", code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError(operation: "read", code: errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw SystemError(operation: "read", code: EISDIR) }
        guard status.st_size <= limit else { throw SystemError(operation: "read", code: EFBIG) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let got = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw SystemError(operation: "read", code: errno) }
            if got == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<got])
            guard bytes.count <= limit else { throw SystemError(operation: "read", code: EFBIG) }
        }
    }

    /// Writes all of it where an open file stands.
    package static func append(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let written = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw SystemError(operation: "write", code: errno) }
            done += written
        }
    }

    /// Makes the new name itself durable. A file system that cannot sync a directory is no error.
    private static func syncDirectory(of path: String) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
