import Base
import Glibc

/// Why folders cannot be watched.
public struct WatchError: Error, Sendable, Equatable {
    /// Stable and machine-readable.
    public enum Reason: String, Sendable, CaseIterable {
        /// There is nothing at the path, or no folder.
        case notAFolder = "not_a_folder"
        /// The system's limit of watched folders, or of watchers, is reached.
        case limit = "watch_limit"
        case failed = "watch_failed"
    }
    /// What went wrong.
    public var reason: Reason
    /// The folder.
    public var path: String
    /// One sentence without the path.
    public var message: String
    /// What to do about it.
    public var hint: String?

    /// Of a failed system call on a folder, where `watched` folders are watched already.
    static func system(_ path: String, number: Int32, watched: Int) -> WatchError {
        switch number {
        case ENOSPC:
            WatchError(
                reason: .limit, path: path,
                message: "the system allows no more watched folders; this program watches \(watched)",
                hint: "allow more, as root: sysctl fs.inotify.max_user_watches=524288")
        case EMFILE:
            WatchError(
                reason: .limit, path: path, message: "the system allows this user no further watchers",
                hint: "allow more, as root: sysctl fs.inotify.max_user_instances=1024")
        case ENOENT, ENOTDIR:
            WatchError(
                reason: .notAFolder, path: path, message: "no such folder",
                hint: "name existing folders; single files cannot be watched")
        default:
            WatchError(
                reason: .failed, path: path,
                message: "cannot be watched: \(SystemError.message(number))")
        }
    }
}
