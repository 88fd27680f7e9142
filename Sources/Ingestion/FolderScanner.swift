import Glibc
import VideoDecoding

/// A file that a run should look at.
struct ScannedFile {
    /// Absolute, symlinks resolved.
    var path: String
    var size: Int64
    var modified: Int64
    var device: Int64
    /// Why it is not even opened: a named pipe, a name that is no text.
    var problem: VideoError?
}

/// What the roots hold.
struct ScanResult {
    /// By path, each file once however many links lead to it.
    var files: [ScannedFile] = []
    /// The roots, resolved, in the order given.
    var roots: [String] = []
    /// Those of the roots that are folders and could be read.
    var folders: [String] = []
    /// Every folder that was looked into, those of the roots too, in the order met.
    var visited: [String] = []
    /// Roots that do not exist or cannot be looked at.
    var missingRoots: Set<PathKey> = []
    /// Roots and folders that could not be read, links that lead nowhere.
    var problems: [VideoError] = []
}

/// Walks folders for videos.
///
/// Names that begin with a dot are skipped, and names that do not end like a video's. Links to folders are followed,
/// each folder being entered once (by device and inode), so loops end; links to files count as the file they lead
/// to. Pipes, sockets and devices are reported, never opened. A folder that cannot be read is reported and the walk
/// goes on. A root that is a file is taken whatever its name.
struct FolderScanner {
    private struct FolderKey: Hashable {
        var device: Int64
        var inode: UInt64
    }

    private var result = ScanResult()
    private var seenFolders: Set<FolderKey> = []
    private var seenFiles: Set<PathKey> = []
    private let isCancelled: () -> Bool

    private init(isCancelled: @escaping () -> Bool) { self.isCancelled = isCancelled }

    static func scan(_ roots: [String], isCancelled: @escaping () -> Bool = { false }) -> ScanResult {
        var scanner = FolderScanner(isCancelled: isCancelled)
        for root in roots { scanner.enter(root: root) }
        scanner.result.files.sort { PathKey($0.path) < PathKey($1.path) }
        return scanner.result
    }

    private mutating func enter(root: String) {
        let path = resolvedPath(root)
        result.roots.append(path)
        switch FileStatus.of(path, followingLinks: true) {
        case .failure(let error):
            result.missingRoots.insert(PathKey(path))
            report(path, error)
        case .success(let status) where status.isFolder:
            if walk(path, status) {
                result.folders.append(path)
            } else {
                result.missingRoots.insert(PathKey(path))
            }
        case .success(let status):
            take(path, status)
        }
    }

    /// Walks a folder and all below it, without recursion; false where the folder itself cannot be read.
    private mutating func walk(_ top: String, _ status: FileStatus) -> Bool {
        guard seenFolders.insert(FolderKey(device: status.device, inode: status.inode)).inserted else {
            return true
        }
        var waiting = [top]
        var readTop = false
        while let folder = waiting.popLast(), !isCancelled() {
            guard let names = list(folder) else { continue }
            if folder == top { readTop = true }
            result.visited.append(folder)
            for name in names { look(at: (folder == "/" ? "" : folder) + "/" + name, name, &waiting) }
        }
        return readTop
    }

    private mutating func look(at path: String, _ name: String, _ waiting: inout [String]) {
        switch FileStatus.of(path, followingLinks: false) {
        case .failure(let error):
            // Gone since the folder was listed: nothing to say.
            if error.number != ENOENT { report(path, error) }
        case .success(let status) where status.isLink:
            follow(path, name, &waiting)
        case .success(let status) where status.isFolder:
            enter(path, status, &waiting)
        case .success(let status):
            if VideoExtensions.matches(name) { take(path, status) }
        }
    }

    private mutating func follow(_ path: String, _ name: String, _ waiting: inout [String]) {
        switch FileStatus.of(path, followingLinks: true) {
        case .failure(let error):
            // A link that leads nowhere, or in a circle, is worth a word only where it should lead to a video.
            if VideoExtensions.matches(name) || error.number == EACCES { report(path, error) }
        case .success(let status):
            let target = resolvedPath(path)
            if status.isFolder {
                enter(target, status, &waiting)
            } else if VideoExtensions.matches(name) || VideoExtensions.matches(target) {
                take(target, status)
            }
        }
    }

    private mutating func enter(_ path: String, _ status: FileStatus, _ waiting: inout [String]) {
        if seenFolders.insert(FolderKey(device: status.device, inode: status.inode)).inserted {
            waiting.append(path)
        }
    }

    private mutating func take(_ path: String, _ status: FileStatus) {
        guard seenFiles.insert(PathKey(path)).inserted else { return }
        let problem = status.oddity.map {
            VideoError(path: path, reason: .notAFile, detail: "\($0), not a file")
        }
        result.files.append(
            ScannedFile(
                path: path, size: status.size, modified: status.modified, device: status.device,
                problem: problem))
    }

    /// The names in a folder that do not begin with a dot; nil, and a report, where it cannot be read.
    private mutating func list(_ folder: String) -> [String]? {
        guard let stream = opendir(folder) else {
            report(folder, SystemError(number: errno))
            return nil
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { report(folder, SystemError(number: errno)) }
                return names
            }
            withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                let bytes = raw.prefix { $0 != 0 }
                if bytes.first == UInt8(ascii: ".") { return }
                if let name = String(validating: bytes, as: UTF8.self) {
                    names.append(name)
                } else {
                    reportUnreadableName(folder, String(decoding: bytes, as: UTF8.self))
                }
            }
        }
    }

    private mutating func reportUnreadableName(_ folder: String, _ name: String) {
        result.problems.append(
            VideoError(
                path: folder + "/" + name, reason: .readFailed,
                detail: "the name is not valid UTF-8; rename it to have it indexed"))
    }

    private mutating func report(_ path: String, _ error: SystemError) {
        let (reason, detail): (VideoError.Reason, String) =
            switch error.number {
            case ENOENT, ENOTDIR: (.notFound, "no such file or folder")
            case EACCES, EPERM: (.permissionDenied, "permission denied")
            case ELOOP: (.notFound, "a symbolic link that leads in a circle")
            default: (.readFailed, error.message)
            }
        result.problems.append(VideoError(path: path, reason: reason, detail: detail))
    }
}
