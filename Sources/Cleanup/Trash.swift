import Base
import Glibc

/// The trash of a file's own filesystem, as the freedesktop.org specification (version 1.0) has it.
struct Trash {
    let files: OpenFolder
    let notes: OpenFolder
    /// The folder that the notes' paths begin at; nil in the user's own trash, whose notes have whole paths.
    private let top: String?

    /// - Parameters:
    ///   - folder: of the file, absolute.
    ///   - device: of the file.
    ///   - home: the user's folder of data, `$XDG_DATA_HOME` or `~/.local/share`; nil where there is none.
    init(for folder: String, device: Int64, home: String?) throws(SystemError) {
        if let own = home.map({ Path.resolved($0 + "/Trash") }), Self.device(of: own) == device {
            try Folder.make(Path.folder(of: own))
            try OpenFolder(Path.folder(of: own)).makeFolder(Path.name(of: own))
            try self.init(own, top: nil)
            return
        }
        let top = Self.top(of: folder, device: device)
        let user = "\(getuid())"
        let place = try OpenFolder(top)
        // The shared folder counts only where nobody can put another one in its place.
        if let shared = try place.status(".Trash"), shared.isFolder, shared.mode & S_ISVTX != 0 {
            try OpenFolder(place.path(of: ".Trash")).makeFolder(user)
            try self.init(place.path(of: ".Trash") + "/" + user, top: top)
            return
        }
        let name = ".Trash-" + user
        try place.makeFolder(name)
        try self.init(place.path(of: name), top: top)
    }

    private init(_ path: String, top: String?) throws(SystemError) {
        let trash = try OpenFolder(path)
        try trash.makeFolder("files")
        try trash.makeFolder("info")
        files = try OpenFolder(path + "/files")
        notes = try OpenFolder(path + "/info")
        self.top = top
    }

    /// The first folder from the root down of those above a file that lie on its filesystem.
    private static func top(of folder: String, device: Int64) -> String {
        var top = folder
        while top != "/", FileStatus(path: Path.folder(of: top))?.device == device {
            top = Path.folder(of: top)
        }
        return top
    }

    private static func device(of path: String) -> Int64? {
        FileStatus(path: path)?.device ?? FileStatus.deviceAbove(path)
    }

    /// The first of "film.mp4", "film 2.mp4", … that is free in both folders.
    func freeName(for name: String) throws(SystemError) -> String {
        try FreeName.first(for: name) { (candidate) throws(SystemError) in
            guard try files.status(candidate) == nil else { return false }
            return try notes.status(candidate + Self.ending) == nil
        }
    }

    static let ending = ".trashinfo"

    /// Writes where a file came from; the name must be free.
    func write(noteFor name: String, path: String) throws(SystemError) {
        let relative = top.map { path.dropFirst($0 == "/" ? 1 : $0.count + 1) } ?? path[...]
        let text =
            "[Trash Info]\nPath=\(Self.encoded(relative))\nDeletionDate=\(Self.now)\n"
        let file = try notes.create(name + Self.ending)
        defer { close(file) }
        do throws(SystemError) {
            try FileBytes.write(text, to: file)
            try FileBytes.sync(file)
            try notes.sync()
        } catch {
            try? notes.remove(name + Self.ending)
            throw error
        }
    }

    /// As in URLs: letters, digits and a few signs stand for themselves.
    private static func encoded(_ path: Substring) -> String {
        var text = ""
        for byte in path.utf8 {
            let plain =
                "-._~/".utf8.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            text += plain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + digits
        }
        return text
    }

    /// Local time, such as "2026-12-01T18:05:09".
    private static var now: String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            guard let base = buffer.baseAddress, strftime(base, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts) > 0
            else { return "1970-01-01T00:00:00" }
            return String(cString: base)
        }
    }
}

/// Names for files that come to a folder which may hold others of that name.
enum FreeName {
    /// The first of "film.mp4", "film 2.mp4", … that is free.
    static func first(
        for name: String, isFree: (String) throws(SystemError) -> Bool
    ) throws(SystemError) -> String {
        var number = 1
        while try !isFree(numbered(name, number)) { number += 1 }
        return numbered(name, number)
    }

    /// "film.mp4", "film 2.mp4", …; cut so that no name is too long.
    static func numbered(_ name: String, _ number: Int) -> String {
        let dot = name.dropFirst().lastIndex(of: ".")
        var (stem, ending) = (dot.map { name[..<$0] } ?? name[...], dot.map { name[$0...] } ?? "")
        if ending.utf8.count > 20 { (stem, ending) = (name[...], "") }
        let tail = (number > 1 ? " \(number)" : "") + ending
        // A note's name is longer by its ending.
        while stem.utf8.count + tail.utf8.count > 255 - Trash.ending.utf8.count { stem.removeLast() }
        return stem + tail
    }

    /// A name beside a file for a moment, hidden, that nothing else has.
    static func passing() -> String { ".mixtape-" + RandomName.make() }
}
