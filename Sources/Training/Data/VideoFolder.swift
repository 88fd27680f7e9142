import Base
import Glibc

/// The files of a folder and of those below it that may be videos or pictures, by the ends of their names.
public enum VideoFolder {
    private static let videoEndings: Set<String> = [
        "3g2", "3gp", "asf", "avi", "divx", "f4v", "flv", "gif", "m2ts", "m2v", "m4v", "mkv", "mov", "mp4",
        "mpe", "mpeg", "mpg", "mts", "mxf", "ogm", "ogv", "qt", "rm", "rmvb", "ts", "vob", "webm", "wmv",
        "y4m",
    ]
    private static let stillEndings: Set<String> = ["jpeg", "jpg", "png"]

    /// Videos, sorted by path. Hidden files and folders, and links to folders, are passed over.
    public static func videos(in folder: String) throws(TrainingError) -> [String] {
        try list(folder, videoEndings)
    }

    /// Pictures, sorted by path.
    public static func stills(in folder: String) throws(TrainingError) -> [String] {
        try list(folder, stillEndings)
    }

    private static func list(_ root: String, _ endings: Set<String>) throws(TrainingError) -> [String] {
        var found: [String] = []
        var folders = [root]
        while let folder = folders.popLast() {
            guard let names = Folder.names(in: folder) else {
                // Only the folder that was named must be readable.
                if folder != root { continue }
                throw .noFolder(
                    path: folder, problem: "cannot be opened as a folder: \(SystemError.message())")
            }
            for name in names where !name.hasPrefix(".") {
                let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
                guard let status = FileStatus(path: path, followingLinks: false) else { continue }
                if status.isFolder {
                    folders.append(path)
                } else if let dot = name.lastIndex(of: "."),
                    endings.contains(name[name.index(after: dot)...].lowercased()),
                    FileStatus(path: path)?.isRegular == true
                {
                    found.append(path)
                }
            }
        }
        return found.sorted()
    }
}
