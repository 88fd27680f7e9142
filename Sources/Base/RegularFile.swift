import Glibc

/// An open regular file, read at explicit offsets.
///
/// Anything else (FIFO, socket, device, directory) is refused before it is opened, since opening it could block
/// or act on hardware; the second check, after opening, is for a path that changed in between.
package final class RegularFile {
    package let path: String
    /// Bytes at the time of opening.
    package let size: Int64
    package let descriptor: Int32

    package init(path: String) throws(VideoError) {
        guard !path.utf8.contains(0) else {
            throw VideoError(path: path, reason: .notFound, detail: "no such file (the name holds a NUL)")
        }
        _ = try Self.size(of: FileStatus(path: path), path)
        descriptor = Self.open(path)
        guard descriptor >= 0 else { throw Self.openingError(path, errno) }
        self.path = path
        do throws(VideoError) {
            size = try Self.size(of: FileStatus(descriptor: descriptor), path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// A file that this process has open already is not opened by name again: a worker may open none. Reads say where
    /// they begin, so both descriptors having one position does no harm.
    private static func open(_ path: String) -> Int32 {
        let prefix = "/proc/self/fd/"
        if path.hasPrefix(prefix), let own = Int32(path.dropFirst(prefix.count)) {
            return fcntl(own, F_DUPFD_CLOEXEC, 0)
        }
        return Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    }

    /// Reads up to `buffer.count` bytes at `offset`; fewer only at the end of the file. Negative: −errno.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Int {
        FileBytes.read(descriptor, into: buffer, at: offset)
    }

    /// The file's size now, which differs from `size` where another process writes to it.
    package var currentSize: Int64 {
        FileStatus(descriptor: descriptor)?.size ?? size
    }

    /// - Parameter status: nil, and `errno`, where it may not be known.
    private static func size(of status: FileStatus?, _ path: String) throws(VideoError) -> Int64 {
        guard let status else { throw openingError(path, errno) }
        guard status.isRegular else {
            let kind = status.isFolder ? "a directory" : status.irregularKind ?? "something else"
            throw VideoError(path: path, reason: .notAFile, detail: "not a regular file but \(kind)")
        }
        guard status.size > 0 else {
            throw VideoError(path: path, reason: .empty, detail: "the file is empty")
        }
        return status.size
    }

    private static func openingError(_ path: String, _ code: Int32) -> VideoError {
        switch code {
        case ENOENT, ENOTDIR, ENAMETOOLONG:
            VideoError(path: path, reason: .notFound, detail: "no such file" + repairedName(path))
        case EACCES, EPERM:
            VideoError(path: path, reason: .permissionDenied, detail: "no permission to read the file")
        case ELOOP:
            VideoError(path: path, reason: .notAFile, detail: "a symbolic link that leads back to itself")
        case ENXIO, ENODEV:
            VideoError(path: path, reason: .notAFile, detail: "not a regular file")
        default:
            VideoError(
                path: path, reason: .readFailed, detail: "cannot open the file: \(SystemError.message(code))")
        }
    }

    /// A word on a path that was given in bytes which are no UTF-8: what takes their place names another file.
    package static func repairedName(_ path: String) -> String {
        path.unicodeScalars.contains("\u{FFFD}")
            ? " by this name; one that is not valid UTF-8 cannot be given: rename it" : ""
    }
}
