import Base
import Glibc

/// A file that a run should look at.
struct ScannedFile {
    /// Absolute, symlinks resolved.
    var path: String
    var size: Int64
    var modified: Int64
    var device: Int64
    /// Of `FileIdentity`.
    var statusChanged: Int64
    /// The number of the stream that was chosen; nil for the file's main one.
    var stream: Int?
    /// Whether the main stream is asked for now, whatever was chosen before.
    var takesMainStream = false
    /// The content that the stream was chosen of; nil where it is asked for now.
    var streamWasOf: String?
    /// Why it is not even opened: a named pipe, or a name that is not UTF-8.
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
    /// What was passed over.
    var leftOut = LeftOut()
    /// Files that are there and no business of the index: what a pattern names, and further names of a file.
    var otherPaths: Set<PathKey> = []

    /// Whether a file that the scan did not take was passed over by the rules.
    func passesOver(_ path: String) -> Bool {
        otherPaths.contains(PathKey(path)) || leftOut.folders.contains { path.isAtOrBelow($0.path) }
    }
}

/// Walks folders for videos.
///
/// Names that begin with a dot are skipped, and names that do not end like a video's. Links to folders are followed,
/// each folder being entered once (by device and inode), so loops end; links to files count as the file they lead
/// to. Pipes, sockets and devices are reported, never opened. A folder that cannot be read is reported and the walk
/// continues. A root that is a file is taken, whatever its name.
///
/// Left out, and counted, are what the rules name, recycle bins and the like, and folders that are marked (`FolderMarks`), but for
/// roots, which somebody asked for; all names but the first of a file that has several; and links that lead to where the rules
/// let none lead.
struct FolderScanner {
    private var result = ScanResult()
    private var seenFolders: Set<FileMark> = []
    private var seenFiles: Set<PathKey> = []
    /// Files with several names: each name's place among the files.
    private var sharedFiles: [FileMark: [Int]] = [:]
    private let rules: ScanRules
    private let isCancelled: () -> Bool

    /// A folder to look into, and the patterns that count in it.
    private struct Waiting {
        var folder: String
        var ignored: [IgnorePatterns]
    }

    private init(rules: ScanRules, isCancelled: @escaping () -> Bool) {
        self.rules = rules
        self.isCancelled = isCancelled
    }

    static func scan(
        _ roots: [String], rules: ScanRules = ScanRules(), isCancelled: @escaping () -> Bool = { false }
    ) -> ScanResult {
        var scanner = FolderScanner(rules: rules, isCancelled: isCancelled)
        for root in roots { scanner.enter(root: root) }
        scanner.dropOtherNames()
        scanner.result.files.sort { PathKey($0.path) < PathKey($1.path) }
        scanner.result.leftOut.folders.sort { PathKey($0.path) < PathKey($1.path) }
        return scanner.result
    }

    /// Keeps the first by path of the names that one file has.
    private mutating func dropOtherNames() {
        var dropped: Set<Int> = []
        for places in sharedFiles.values where places.count > 1 {
            let sorted = places.sorted { PathKey(result.files[$0].path) < PathKey(result.files[$1].path) }
            dropped.formUnion(sorted.dropFirst())
        }
        if dropped.isEmpty { return }
        for place in dropped { result.otherPaths.insert(PathKey(result.files[place].path)) }
        result.leftOut.otherNames = dropped.count
        result.files = result.files.enumerated().filter { !dropped.contains($0.offset) }.map(\.element)
    }

    private mutating func enter(root: String) {
        let path = Path.resolved(root)
        result.roots.append(path)
        // One that became a link since whoever asks looked at it.
        guard rules.admitsLink(to: path) else {
            result.leftOut.outsideLinks += 1
            result.missingRoots.insert(PathKey(path))
            return
        }
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

    private func isVideo(_ name: String) -> Bool { rules.takesAllFiles || VideoExtensions.matches(name) }

    /// Walks a folder and all below it, without recursion; false where the folder itself cannot be read.
    private mutating func walk(_ top: String, _ status: FileStatus) -> Bool {
        guard seenFolders.insert(status.mark).inserted else {
            return true
        }
        var waiting = [Waiting(folder: top, ignored: [IgnorePatterns(rules.exclude, base: top)])]
        var readTop = false
        while let next = waiting.popLast(), !isCancelled() {
            let (folder, isTop) = (next.folder, next.folder == top)
            guard let listing = list(folder) else { continue }
            if isTop { readTop = true }
            var ignored = next.ignored
            if listing.holdsIgnore {
                let own = IgnorePatterns(FolderMarks.ignoreLines(in: folder), base: folder)
                if !own.isEmpty { ignored.append(own) } else if !isTop { leave(folder, .marked); continue }
            }
            if listing.isNoMedia, !isTop { leave(folder, .marked); continue }
            result.visited.append(folder)
            for name in listing.names {
                look(at: (folder == "/" ? "" : folder) + "/" + name, name, ignored, &waiting)
            }
        }
        return readTop
    }

    private mutating func leave(_ folder: String, _ reason: LeftOut.Reason) {
        result.leftOut.folders.append(LeftOut.Folder(path: folder, reason: reason))
    }

    private mutating func look(
        at path: String, _ name: String, _ ignored: [IgnorePatterns], _ waiting: inout [Waiting]
    ) {
        switch FileStatus.of(path, followingLinks: false) {
        case .failure(let error):
            // Gone since the folder was listed: nothing to say.
            if error.code != ENOENT { report(path, error) }
        case .success(let status) where status.isLink:
            follow(path, name, ignored, &waiting)
        case .success(let status) where status.isFolder:
            enter(path, path, name, status, ignored, &waiting)
        case .success(let status):
            takeIfWanted(path, name, isVideo(name), status, ignored)
        }
    }

    private mutating func takeIfWanted(
        _ path: String, _ name: String, _ isVideo: Bool, _ status: FileStatus, _ ignored: [IgnorePatterns]
    ) {
        if ignored.contains(where: { $0.matches(path, name: name, isFolder: false) }) {
            result.leftOut.excluded += 1
            result.otherPaths.insert(PathKey(path))
        } else if isVideo {
            take(path, status)
        } else if status.isRegular {
            result.leftOut.endings[VideoExtensions.ending(of: name), default: 0] += 1
        }
    }

    private mutating func follow(
        _ path: String, _ name: String, _ ignored: [IgnorePatterns], _ waiting: inout [Waiting]
    ) {
        switch FileStatus.of(path, followingLinks: true) {
        case .failure(let error):
            // A link that leads nowhere, or in a circle, is worth a word only where it should lead to a video.
            if isVideo(name) || error.code == EACCES { report(path, error) }
        case .success(let status):
            let target = Path.resolved(path)
            guard rules.admitsLink(to: target) else {
                let counts = status.isFolder || isVideo(name) || isVideo(target)
                result.leftOut.outsideLinks += counts ? 1 : 0
                return
            }
            if status.isFolder {
                enter(target, path, name, status, ignored, &waiting)
            } else if ignored.contains(where: { $0.matches(path, name: name, isFolder: false) }) {
                // The file itself may be taken elsewhere.
                result.leftOut.excluded += 1
            } else if isVideo(name) || isVideo(target) {
                take(target, status)
            }
        }
    }

    /// - Parameter met: the path that it was met under, which is a link's where one leads to it.
    private mutating func enter(
        _ path: String, _ met: String, _ name: String, _ status: FileStatus, _ ignored: [IgnorePatterns],
        _ waiting: inout [Waiting]
    ) {
        if FolderMarks.isSystemFolder(name) { return leave(met, .system) }
        if ignored.contains(where: { $0.matches(met, name: name, isFolder: true) }) {
            return leave(met, .pattern)
        }
        if seenFolders.insert(status.mark).inserted {
            waiting.append(Waiting(folder: path, ignored: ignored))
        }
    }

    private mutating func take(_ path: String, _ status: FileStatus) {
        guard seenFiles.insert(PathKey(path)).inserted else { return }
        if status.isRegular, status.links > 1 {
            sharedFiles[status.mark, default: []].append(
                result.files.count)
        }
        let problem = status.irregularKind.map {
            VideoError(path: path, reason: .notAFile, detail: "\($0), not a file")
        }
        result.files.append(
            ScannedFile(
                path: path, size: status.size, modified: status.modified, device: status.device,
                statusChanged: status.statusChanged, problem: problem))
    }

    /// What a folder holds: names that do not begin with a dot, and marks.
    private struct Listing {
        var names: [String] = []
        var isNoMedia = false
        var holdsIgnore = false
    }

    /// Nil, and a report, where the folder cannot be read.
    private mutating func list(_ folder: String) -> Listing? {
        guard let stream = opendir(folder) else {
            report(folder, SystemError(operation: "read"))
            return nil
        }
        defer { closedir(stream) }
        var listing = Listing()
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { report(folder, SystemError(operation: "read")) }
                return listing
            }
            withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                let bytes = raw.prefix { $0 != 0 }
                if bytes.first == UInt8(ascii: ".") {
                    if bytes.elementsEqual(FolderMarks.noMedia.utf8) { listing.isNoMedia = true }
                    if bytes.elementsEqual(FolderMarks.ignore.utf8) { listing.holdsIgnore = true }
                } else if let name = String(validating: bytes, as: UTF8.self) {
                    listing.names.append(name)
                } else {
                    reportUnreadableName(folder, String(decoding: bytes, as: UTF8.self))
                }
            }
        }
    }

    private mutating func reportUnreadableName(_ folder: String, _ name: String) {
        result.leftOut.unreadableNames += 1
        result.problems.append(
            VideoError(
                path: folder + "/" + name, reason: .readFailed,
                detail: "the name is not valid UTF-8; rename it to have it indexed"))
    }

    private mutating func report(_ path: String, _ error: SystemError) {
        let (reason, detail): (VideoError.Reason, String) =
            switch error.code {
            case ENOENT, ENOTDIR:
                (.notFound, "no such file or folder" + RegularFile.repairedName(path))
            case EACCES, EPERM: (.permissionDenied, "permission denied")
            case ELOOP: (.notFound, "a symbolic link that leads back to itself")
            default: (.readFailed, error.message)
            }
        result.problems.append(VideoError(path: path, reason: reason, detail: detail))
    }
}
