import Base
import Glibc

/// A file of a step, open, that was as the plan saw it when it was opened: a regular file in a folder behind no symbolic link, of this size,
/// time and content.
final class CheckedFile {
    let folder: OpenFolder
    let name: String
    let path: String
    let descriptor: Int32
    let status: FileStatus
    var mark: FileMark { status.mark }

    init(_ seen: SeenFile) throws(Refusal) {
        path = seen.path
        name = Path.name(of: seen.path)
        do throws(SystemError) {
            folder = try OpenFolder(Path.folder(of: seen.path))
            // Before it is opened: that might wait, or act on hardware.
            guard let status = try folder.status(name) else {
                throw SystemError(operation: "look at it", code: ENOENT)
            }
            guard status.isRegular else { throw SystemError(operation: "look at it", code: ELOOP) }
            descriptor = try folder.open(name)
        } catch {
            throw Refusal(seen.path, error)
        }
        guard let status = FileStatus(descriptor: descriptor), status.isRegular else {
            close(descriptor)
            throw Refusal(seen.path, "not a regular file any more")
        }
        self.status = status
        guard status.size == seen.size, status.modified == seen.modified else {
            throw Refusal(seen.path, "was changed since the plan was made")
        }
        let content: String
        do {
            content = try ContentFingerprint.of(path: "/proc/self/fd/\(descriptor)")
        } catch {
            throw Refusal(seen.path, error.detail)
        }
        guard content == seen.fingerprint else {
            throw Refusal(seen.path, "has another content than when the plan was made")
        }
    }

    deinit { close(descriptor) }

    /// Refuses where the name stands for another file by now, or this one was written meanwhile.
    func checkAgain() throws(Refusal) { try checkAgain(in: folder, as: name) }

    /// The same where it has another name by now.
    func checkAgain(in folder: OpenFolder, as name: String) throws(Refusal) {
        let now: FileStatus?
        do {
            now = try folder.status(name)
        } catch {
            throw Refusal(path, error)
        }
        guard let now, now.mark == mark, now.size == status.size, now.modified == status.modified else {
            throw Refusal(path, "was changed just now")
        }
    }
}

/// Comparing open files.
enum EqualBytes {
    /// Whether two open files hold the same bytes; nil where it was cancelled.
    static func hold(_ first: Int32, _ second: Int32, isCancelled: () -> Bool) throws(SystemError) -> Bool? {
        let count = 1 << 20
        let buffers = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * count, alignment: 64)
        defer { buffers.deallocate() }
        let own = UnsafeMutableRawBufferPointer(rebasing: buffers[..<count])
        let other = UnsafeMutableRawBufferPointer(rebasing: buffers[count...])
        var offset: Int64 = 0
        while true {
            if isCancelled() { return nil }
            let got = FileBytes.read(first, into: own, at: offset)
            guard got >= 0 else { throw SystemError(operation: "read it", code: Int32(-got)) }
            let gotOther = FileBytes.read(second, into: other, at: offset)
            guard gotOther >= 0 else { throw SystemError(operation: "read it", code: Int32(-gotOther)) }
            guard got == gotOther, let first = own.baseAddress, let second = other.baseAddress,
                memcmp(first, second, got) == 0
            else { return false }
            if got == 0 { return true }
            offset += Int64(got)
        }
    }
}
