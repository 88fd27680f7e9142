import Base
import Glibc
import Indexing
import Library

/// An open file, closed with the last reference to it.
final class OpenFile: Sendable {
    let descriptor: Int32
    /// Where the file that is open lies, symbolic links resolved.
    let path: String
    let size: Int
    /// Changes when the file does.
    let tag: String

    /// Takes the descriptor over; nil, and the descriptor closed, where it is no regular file.
    init?(taking descriptor: Int32) {
        self.descriptor = descriptor
        guard let status = FileStatus(descriptor: descriptor), status.isRegular,
            let path = Self.path(of: descriptor)
        else {
            close(descriptor)
            return nil
        }
        self.path = path
        size = Int(status.size)
        let (seconds, rest) = status.modified.quotientAndRemainder(dividingBy: 1_000_000_000)
        tag = "\"\(status.inode)-\(size)-\(seconds).\(rest)\""
    }

    deinit { close(descriptor) }

    /// Reads up to `count` bytes from `offset`; fewer at the end of the file, nil where reading fails.
    func read(_ count: Int, at offset: Int) -> [UInt8]? {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let whole = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
            got = FileBytes.read(descriptor, into: whole, at: Int64(offset))
            filled = max(0, got)
        }
        return got < 0 ? nil : bytes
    }

    /// What the kernel says is open, which no rename or link after the opening changes.
    private static func path(of descriptor: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = bytes.bindMemory(to: CChar.self).baseAddress else { return 0 }
            return readlink("/proc/self/fd/\(descriptor)", start, bytes.count)
        }
        guard count > 0, count < buffer.count else { return nil }
        return String(validating: buffer[..<count], as: UTF8.self)
    }
}

/// The folders that clients may name files of: those that were indexed, and those that `--root` adds.
struct IndexedFolders: Sendable {
    private let library: VideoLibrary
    private let added: [String]

    init(library: VideoLibrary, added: [String]) {
        self.library = library
        self.added = added.compactMap(Path.real)
    }

    /// Absolute, symbolic links resolved when they were named: one that was put in their place since leads nowhere.
    func all() -> [String] {
        let indexed = (try? library.index().roots()) ?? []
        return indexed + added.filter { !indexed.contains($0) }
    }

    /// Opens a file that a client names, where it lies in one of the folders.
    ///
    /// The path that counts is the opened file's own: a link or a `..` that leads out of the folders is refused, and
    /// nothing that happens to the path between the check and the reading matters. Nil alike for what is not there, what
    /// is not allowed and what is no file, so that nothing is revealed of what lies elsewhere.
    func open(_ path: String) -> OpenFile? {
        let folders = all()
        // Looked at before it is opened as well: opening may wake a device or wait for a pipe's other end.
        guard path.hasPrefix("/"), let resolved = Path.real(path), Self.isInside(resolved, folders),
            FileStatus(path: resolved, followingLinks: false)?.isRegular == true
        else { return nil }
        let descriptor = Glibc.open(resolved, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0, let file = OpenFile(taking: descriptor), Self.isInside(file.path, folders)
        else {
            return nil
        }
        return file
    }

    /// The folder that a client names, resolved, where it is one of the folders or lies in one.
    func folder(_ path: String) -> String? {
        guard path.hasPrefix("/"), let resolved = Path.real(path), Self.isInside(resolved, all()) else {
            return nil
        }
        return resolved
    }

    /// Whether a path may be shown to clients.
    func shows(_ path: String) -> Bool { Self.isInside(path, all()) }

    static func isInside(_ path: String, _ folders: [String]) -> Bool {
        folders.contains { path.isAtOrBelow($0) }
    }
}
