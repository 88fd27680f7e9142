import Glibc

/// A file that appears under its name only when it is complete and on the disk. What was there before stays until then, and
/// stays if anything fails.
///
/// The bytes go to a neighbour with a name that no other writer has. It is locked (`flock`) while its writer lives: one without a
/// lock is left over from a process that was killed.
package final class AtomicFile {
    /// How the names of the neighbours end.
    package static let temporaryEnding = ".temporary"
    private static let bufferSize = 1 << 20

    private let path: String
    private let temporary: String
    /// Of the neighbour, for reading and writing; -1 from `commit` on.
    package private(set) var descriptor: Int32
    private var buffer: [UInt8] = []

    /// Opens the neighbour, and deletes those of this file that processes left which were killed.
    ///
    /// - Parameter isAmongMany: whether looking through the folder for such would take long, and others do it.
    package init(path: String, isAmongMany: Bool = false) throws(SystemError) {
        self.path = path
        if !isAmongMany { Self.removeAbandoned(of: path) }
        while true {
            // Not only the process's number: two machines may write to one folder.
            let number = String(UInt64.random(in: 0...UInt64.max), radix: 36)
            let temporary = "\(path).\(getpid()).\(number)\(Self.temporaryEnding)"
            let descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            if descriptor < 0, errno == EINTR || errno == EEXIST { continue }
            guard descriptor >= 0 else { throw SystemError(operation: "create") }
            // Until it is locked, it passes for one that was left over.
            guard Self.isOurs(descriptor) else {
                close(descriptor)
                continue
            }
            self.temporary = temporary
            self.descriptor = descriptor
            return
        }
    }

    deinit {
        guard descriptor >= 0 else { return }
        unlink(temporary)
        close(descriptor)
    }

    /// Locks a new neighbour; false where another process has taken it for one that was left over.
    private static func isOurs(_ descriptor: Int32) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return false }
        return FileStatus(descriptor: descriptor).map { $0.links > 0 } ?? true
    }

    /// Deletes neighbours of a file whose writers are gone.
    private static func removeAbandoned(of path: String) {
        let folder = Path.folder(of: path)
        let start = Path.name(of: path) + "."
        for name in Folder.names(in: folder) ?? []
        where name.hasPrefix(start) && name.hasSuffix(temporaryEnding) {
            remove(ifAbandoned: folder + "/" + name)
        }
    }

    /// Deletes a neighbour, where its lock is free.
    package static func remove(ifAbandoned path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
        close(descriptor)
    }

    /// Takes so many bytes of the disk at once. Writing to a mapped hole on a full disk would be a bus error.
    package func reserve(_ count: Int) throws(SystemError) {
        let code = posix_fallocate(descriptor, 0, off_t(count))
        guard code == 0 else { throw SystemError(operation: "write", code: code) }
    }

    /// Appends.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count > Self.bufferSize {
            try FileBytes.write(bytes, to: descriptor)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    /// Appends.
    package func write(_ bytes: [UInt8]) throws(SystemError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
            try write(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Appends.
    package func write(_ text: String) throws(SystemError) { try write(Array(text.utf8)) }

    /// Writes over what is at `offset`.
    package func overwrite(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        try flush()
        try bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
            try FileBytes.write(UnsafeRawBufferPointer(bytes), to: descriptor, at: offset)
        }
    }

    /// Brings everything to the disk and gives the file its name.
    package func commit() throws(SystemError) {
        try flush()
        guard Self.uninterrupted({ fsync(descriptor) }) == 0 else { throw SystemError(operation: "sync") }
        guard Self.uninterrupted({ rename(temporary, path) }) == 0 else {
            throw SystemError(operation: "rename")
        }
        // Only now: without its lock, the neighbour would pass for one that was left over.
        close(descriptor)
        descriptor = -1
        syncFolder()
    }

    private func flush() throws(SystemError) {
        let waiting = buffer
        buffer.removeAll(keepingCapacity: true)
        try waiting.withUnsafeBufferPointer { (bytes) throws(SystemError) in
            try FileBytes.write(UnsafeRawBufferPointer(bytes), to: descriptor)
        }
    }

    /// Calls again what a signal ended.
    private static func uninterrupted(_ call: () -> Int32) -> Int32 {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// Makes the new name itself durable. A file system that cannot sync a folder is no error.
    private func syncFolder() {
        let folder = open(Path.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }
}

extension AtomicFile {
    /// Writes bytes as a whole file.
    package static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit()
    }

    /// Writes text as a whole file.
    package static func write(_ text: String, to path: String) throws(SystemError) {
        try write(Array(text.utf8), to: path)
    }
}
