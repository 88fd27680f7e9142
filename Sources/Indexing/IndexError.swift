internal import GRDB
import Base
import Glibc

/// Why an index cannot be used; names the folder or file and what to do.
public struct IndexError: Error, Sendable, Hashable {
    /// Stable and machine-readable.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        case notFound = "index_not_found"
        case otherModel = "index_of_another_model"
        case newerFormat = "index_of_newer_format"
        case corrupted = "index_corrupted"
        case busy = "index_busy"
        case diskFull = "disk_full"
        case readOnly = "index_read_only"
        case failed = "index_failed"
        /// The server that holds a shared index cannot be reached, or is no server for one.
        case unavailable = "index_unavailable"
    }
    /// What went wrong.
    public var reason: Reason
    /// The index folder, or the file in it.
    public var path: String
    /// One sentence without the path.
    public var message: String
    /// What to do about it, where something can be done.
    public var hint: String?

    /// Makes an error of its parts.
    public init(reason: Reason, path: String, message: String, hint: String? = nil) {
        self.reason = reason
        self.path = path
        self.message = message
        self.hint = hint
    }
}

extension IndexError {
    static func corrupted(_ path: String, _ detail: String) -> IndexError {
        IndexError(
            reason: .corrupted, path: path, message: "the index is damaged: \(detail)",
            hint:
                "delete the folder and run `mixtape index FOLDER` again, or name another index with --index; "
                + "the videos themselves are not affected")
    }

    static func diskFull(_ path: String) -> IndexError {
        IndexError(
            reason: .diskFull, path: path, message: "no space is left on the disk that holds the index",
            hint: "free some space and run the command again; what was stored is kept")
    }

    static func readOnly(_ path: String, _ detail: String) -> IndexError {
        IndexError(
            reason: .readOnly, path: path, message: detail,
            hint: "make the folder writable, or name another with --index")
    }

    /// The error of a failed system call on `path`.
    static func system(_ path: String, doing what: String, errno code: Int32) -> IndexError {
        switch code {
        case ENOSPC, EDQUOT: .diskFull(path)
        case EROFS, EACCES, EPERM: .readOnly(path, "\(what) is not permitted")
        default:
            IndexError(reason: .failed, path: path, message: "\(what): \(SystemError.message(code))")
        }
    }

    /// Translates SQLite's result code. Every statement of ours is fixed text on a fixed schema, so a
    /// missing table or a broken constraint can only come from damage.
    static func database(_ path: String, _ error: DatabaseError) -> IndexError {
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: return .diskFull(path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH,
            .SQLITE_TOOBIG, .SQLITE_RANGE, .SQLITE_FORMAT:
            return .corrupted(path, detail)
        case .SQLITE_IOERR:
            // A file cut short, and a full disk under the shared-memory file, both arrive as I/O errors.
            if error.extendedResultCode == .SQLITE_IOERR_SHORT_READ { return .corrupted(path, detail) }
            if freeBytes(at: path) < 1 << 16 { return .diskFull(path) }
            return IndexError(reason: .failed, path: path, message: "reading or writing failed: \(detail)")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return .readOnly(path, "the index cannot be written: \(detail)")
        case .SQLITE_CANTOPEN:
            if freeBytes(at: path) < 1 << 16 { return .diskFull(path) }
            return .readOnly(path, "the index cannot be opened: \(detail)")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return IndexError(
                reason: .busy, path: path, message: "the index is locked by another program",
                hint: "wait for it to finish and try again")
        default: return IndexError(reason: .failed, path: path, message: detail)
        }
    }

    private static func freeBytes(at path: String) -> UInt64 {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return .max }
        return UInt64(facts.f_bavail) &* UInt64(facts.f_frsize)
    }
}

/// Runs database code and lets nothing but `IndexError` out.
func translatingErrors<R>(_ path: String, _ body: () throws -> R) throws(IndexError) -> R {
    do {
        return try body()
    } catch let error as IndexError {
        throw error
    } catch let error as DatabaseError {
        throw .database(path, error)
    } catch {
        throw IndexError(reason: .failed, path: path, message: "\(error)")
    }
}
