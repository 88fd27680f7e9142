internal import CFiles

import Base
import Glibc

/// A folder that was reached from the root through no symbolic link, and stays the same one whatever becomes of its path. Names in it
/// are never followed as links.
final class OpenFolder {
    /// What `SystemError` says was tried where the folder cannot be had.
    static let opening = "open the folder"

    let path: String
    private let descriptor: Int32

    /// - Parameter path: absolute, without symbolic links.
    init(_ path: String) throws(SystemError) {
        var descriptor = mixtape_open_folder(AT_FDCWD, "/")
        for name in path.split(separator: "/") where descriptor >= 0 {
            let next = mixtape_open_folder(descriptor, String(name))
            close(descriptor)
            descriptor = next
        }
        guard descriptor >= 0 else { throw SystemError(operation: Self.opening, code: -descriptor) }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func path(of name: String) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }

    /// What the name stands for; nil where there is nothing.
    func status(_ name: String) throws(SystemError) -> FileStatus? {
        var facts = stat()
        if fstatat(descriptor, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 { return FileStatus(facts) }
        if errno == ENOENT { return nil }
        throw SystemError(operation: "look at it")
    }

    /// Whether the name stands for this very file.
    func holds(_ mark: FileMark, as name: String) throws(SystemError) -> Bool {
        try status(name).map(\.mark) == mark
    }

    /// The descriptor of an existing file.
    func open(_ name: String, writing: Bool = false) throws(SystemError) -> Int32 {
        try opened(name, (writing ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY)
    }

    /// The descriptor of a new file that nobody else may read.
    func create(_ name: String) throws(SystemError) -> Int32 { try opened(name, O_RDWR | O_CREAT | O_EXCL) }

    private func opened(_ name: String, _ flags: Int32) throws(SystemError) -> Int32 {
        while true {
            let file = openat(descriptor, name, flags | O_NOFOLLOW | O_CLOEXEC, mode_t(0o600))
            if file >= 0 { return file }
            guard errno == EINTR else {
                throw SystemError(operation: flags & O_CREAT != 0 ? "create a file there" : "open it")
            }
        }
    }

    /// Makes a folder in this one that only its owner may use; whether it is there already does not matter.
    func makeFolder(_ name: String) throws(SystemError) {
        guard mkdirat(descriptor, name, 0o700) == 0 || errno == EEXIST else {
            throw SystemError(operation: "make the folder \(path(of: name))")
        }
    }

    /// Moves a file; nothing is ever replaced.
    func move(_ name: String, to folder: OpenFolder, as newName: String) throws(SystemError) {
        try check(mixtape_rename_to_free(descriptor, name, folder.descriptor, newName), "move it")
    }

    func swap(_ first: String, _ second: String) throws(SystemError) {
        try check(mixtape_swap_names(descriptor, first, second), "swap two names")
    }

    /// Gives an open file a further name.
    func link(_ file: Int32, as name: String) throws(SystemError) {
        try check(mixtape_link_open_file(file, descriptor, name), "make a hard link")
    }

    func makeLink(to target: String, as name: String) throws(SystemError) {
        try check(symlinkat(target, descriptor, name) == 0 ? 0 : errno, "make a symbolic link")
    }

    /// What a symbolic link says; nil where the name is none.
    func linkTarget(_ name: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = readlinkat(descriptor, name, base, buffer.count - 1)
            guard count >= 0 else { return nil }
            base[count] = 0
            return String(cString: base)
        }
    }

    func remove(_ name: String) throws(SystemError) {
        try check(unlinkat(descriptor, name, 0) == 0 ? 0 : errno, "delete it")
    }

    /// When names of the folder last changed, in nanoseconds since 1970; 0 where that may not be known.
    var modified: Int64 { FileStatus(descriptor: descriptor)?.modified ?? 0 }

    /// Sets when a file, or the folder itself (".") was last written, in nanoseconds since 1970.
    func setModified(_ nanoseconds: Int64, of name: String) throws(SystemError) {
        try check(mixtape_set_modified(descriptor, name, nanoseconds), "set its time")
    }

    /// Brings changes of names to the disk. A filesystem that cannot sync folders is no error.
    func sync() throws(SystemError) {
        let folder = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        do throws(SystemError) {
            try FileBytes.sync(folder)
        } catch {
            if error.code != EINVAL && error.code != ENOTSUP { throw error }
        }
    }

    private func check(_ code: Int32, _ operation: String) throws(SystemError) {
        guard code == 0 else { throw SystemError(operation: operation, code: code) }
    }
}
