import Base
import Glibc

/// Why a plan or a journal cannot be used, or why a run of one had to stop; names the file and what to do.
public struct CleanupError: Error, Sendable, Equatable {
    /// Stable and machine-readable.
    public enum Reason: String, Sendable, CaseIterable {
        case planUnreadable = "plan_unreadable"
        case planInvalid = "plan_invalid"
        case journalUnreadable = "journal_unreadable"
        case journalBusy = "journal_busy"
        case journalOfAnotherPlan = "journal_of_another_plan"
        /// What could not be written down is not done.
        case journalFailed = "journal_failed"
        /// A step went wrong half-way, and so did taking it back.
        case stepFailed = "step_failed"
        /// The kept files cannot be looked at: there is no model, or no worker.
        case cannotDecode = "cannot_decode"
        case cancelled = "cancelled"
    }

    /// What went wrong.
    public var reason: Reason
    /// The plan, the journal or the video.
    public var path: String
    /// One sentence that names the file and what is wrong.
    public var message: String
    /// What to do about it.
    public var hint: String?

    /// Makes an error of its parts.
    ///
    /// - Parameter detail: one sentence without the path.
    public init(_ reason: Reason, path: String, _ detail: String, hint: String? = nil) {
        self.reason = reason
        self.path = path
        message = "\(path): \(detail)"
        self.hint = hint
    }
}

/// Why a step was not taken, or not taken back. An undo may have stopped half-way; the journal knows.
struct Refusal: Error, Sendable {
    /// One sentence that names the file.
    var why: String

    init(_ path: String, _ detail: String) { why = "\(path): \(detail)" }

    init(_ path: String, _ error: SystemError) {
        switch error.code {
        case ENOENT where error.operation == OpenFolder.opening:
            self.init(path, "its folder is not there any more")
        case ENOENT: self.init(path, "is not there any more")
        case ENOTDIR, ELOOP: self.init(path, "its place is now a link, or behind one")
        case EXDEV: self.init(path, "cannot be moved to another filesystem")
        default: self.init(path, error.description)
        }
    }
}
