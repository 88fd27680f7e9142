import Glibc

/// Reading and writing that goes on where a signal, or the system's limit for one call, ended it.
package enum FileBytes {
    /// The whole file, or an error where it is larger than `limit`.
    package static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(operation: "open") }
        defer { close(descriptor) }
        guard let status = FileStatus(descriptor: descriptor) else { throw SystemError(operation: "read") }
        guard !status.isFolder else { throw SystemError(operation: "read", code: EISDIR) }
        guard status.size <= limit else { throw SystemError(operation: "read", code: EFBIG) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let got = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw SystemError(operation: "read") }
            if got == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<got])
            guard bytes.count <= limit else { throw SystemError(operation: "read", code: EFBIG) }
        }
    }

    /// Reads up to `buffer.count` bytes at `offset`; fewer only at the end of the file. Negative: −errno.
    package static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) -> Int {
        var total = 0
        while total < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[total...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(total))
            if count > 0 {
                total += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                return total > 0 ? total : -Int(errno)
            }
        }
        return total
    }

    /// Writes all of it: at `offset`, or where the open file stands.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int? = nil
    ) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let written =
                if let offset { pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done)) } else
                { Glibc.write(descriptor, rest.baseAddress, rest.count) }
            if written < 0, errno == EINTR { continue }
            if written < 0, errno == EAGAIN {
                // Whoever shares the descriptor wants nobody to wait for it.
                var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&watched, 1, 1000)
                continue
            }
            guard written > 0 else { throw SystemError(operation: "write") }
            done += written
        }
    }

    /// Writes a text where the open file stands.
    package static func write(_ text: String, to descriptor: Int32) throws(SystemError) {
        try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(SystemError) in
            try write(UnsafeRawBufferPointer(bytes), to: descriptor)
        }
    }

    /// Brings what was written to the disk.
    package static func sync(_ descriptor: Int32) throws(SystemError) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw SystemError(operation: "sync") }
        }
    }
}
