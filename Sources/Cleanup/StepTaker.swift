internal import CFiles

import Base
import Glibc

/// Why a step was not taken, or why no further one may be.
enum StepEnd: Error {
    /// Nothing changed by this step; the next one may be taken.
    case refused(Refusal)
    /// What the journal holds, or where a file is, is not certain.
    case stopped(CleanupError)
}

/// Takes steps whose files were checked. Each begins in the journal, acts on open folders and files, looks whether it was this very
/// file that moved, and whether the kept one is still there, and ends in the journal. Where anything is otherwise, it is put back.
struct StepTaker {
    let journal: Journal
    /// The user's folder of data, for the trash; nil where there is none.
    let dataHome: String?

    /// A name that is taken just then is another one's the next time.
    private static let mostNames = 100

    func take(_ number: Int, _ step: PlanStep, _ file: CheckedFile, _ kept: CheckedFile) throws(StepEnd) {
        var trace = StepTrace(number, step, file, kept)
        switch step.action {
        case .trash:
            let trash = try refusing(step) { () throws(SystemError) in
                try Trash(for: file.folder.path, device: file.status.device, home: dataHome)
            }
            try withFreeName(
                &trace, trash.files,
                { () throws(SystemError) in
                    try trash.freeName(for: file.name)
                }
            ) { (places) throws(SystemError) in
                try trash.write(noteFor: places.targetName, path: step.file.path)
                try moveAway(file, places)
            } note: {
                trash.notes.path(of: $0 + Trash.ending)
            } check: { (places) throws(Refusal) in
                try check(places, file, kept)
            }
        case .move(let path):
            let folder = try refusing(step) { () throws(SystemError) in
                try Folder.make(path)
                return try OpenFolder(path)
            }
            try withFreeName(
                &trace, folder,
                { () throws(SystemError) in
                    try FreeName.first(for: file.name) { (name) throws(SystemError) in
                        try folder.status(name) == nil
                    }
                }
            ) { (places) throws(SystemError) in
                try moveAway(file, places)
            } check: { (places) throws(Refusal) in
                try check(places, file, kept)
            }
        case .delete:
            try perform(&trace) { (places) throws(SystemError) in
                try moveAway(file, places)
            } check: { (places) throws(Refusal) in
                try check(places, file, kept)
            } finish: { (places) throws(SystemError) in
                try places.targetFolder.remove(places.targetName)
            }
        case .hardlink, .symlink:
            try perform(&trace) { (places) throws(SystemError) in
                if step.action == .symlink {
                    try file.folder.makeLink(to: step.kept.path, as: places.targetName)
                } else {
                    try file.folder.link(kept.descriptor, as: places.targetName)
                }
                try file.folder.swap(file.name, places.targetName)
            } check: { (places) throws(Refusal) in
                try check(places, file, kept)
            } finish: { (places) throws(SystemError) in
                try places.targetFolder.remove(places.targetName)
            }
        case .reflink:
            try perform(&trace) { (_) throws(SystemError) in try share(file, kept) }
        }
    }

    /// Moves the file; another one that has just got its name goes back.
    private func moveAway(_ file: CheckedFile, _ places: StepPlaces) throws(SystemError) {
        try file.folder.move(file.name, to: places.targetFolder, as: places.targetName)
        guard try !places.isThere() else { return }
        try places.putBack()
        throw SystemError(operation: "find it", code: ENOENT)
    }

    /// Looks whether it was this file that got the other name, and whether both are as they were: others may write into them.
    private func check(
        _ places: StepPlaces, _ file: CheckedFile, _ kept: CheckedFile
    ) throws(Refusal) {
        try file.checkAgain(in: places.targetFolder, as: places.targetName)
        try kept.checkAgain()
    }

    private func share(_ file: CheckedFile, _ kept: CheckedFile) throws(SystemError) {
        let writable = try file.folder.open(file.name, writing: true)
        defer { close(writable) }
        guard FileStatus(descriptor: writable).map(\.mark) == file.mark else {
            throw SystemError(operation: "find it", code: ENOENT)
        }
        let code = mixtape_share_blocks(kept.descriptor, writable, UInt64(file.status.size))
        switch code {
        case 0: return
        case -1: throw SystemError(operation: "share its blocks: it has other bytes", code: EINVAL)
        default: throw SystemError(operation: "share blocks on this filesystem", code: code)
        }
    }

    /// A step that ends under a name which may be taken just before.
    private func withFreeName(
        _ trace: inout StepTrace, _ folder: OpenFolder, _ name: () throws(SystemError) -> String,
        act: (StepPlaces) throws(SystemError) -> Void, note: (String) -> String? = { _ in nil },
        check: (StepPlaces) throws(Refusal) -> Void
    ) throws(StepEnd) {
        var tries = 0
        while true {
            var isTaken = false
            do throws(SystemError) {
                let free = try name()
                trace.target = folder.path(of: free)
                trace.note = note(free)
            } catch {
                throw .refused(Refusal(trace.path, error))
            }
            do throws(StepEnd) {
                return try perform(&trace) { (places) throws(SystemError) in
                    do throws(SystemError) {
                        try act(places)
                    } catch {
                        isTaken = error.code == EEXIST
                        throw error
                    }
                } check: { (places) throws(Refusal) in
                    try check(places)
                }
            } catch {
                tries += 1
                guard isTaken, tries < Self.mostNames, case .refused = error else { throw error }
            }
        }
    }

    /// Writes down that a step begins, acts, checks, finishes, and writes down that it is done.
    ///
    /// - Parameters:
    ///   - act: can be put back.
    ///   - finish: cannot, and so comes last.
    private func perform(
        _ trace: inout StepTrace, act: (StepPlaces) throws(SystemError) -> Void,
        check: (StepPlaces) throws(Refusal) -> Void = { _ in },
        finish: (StepPlaces) throws(SystemError) -> Void = { _ in }
    ) throws(StepEnd) {
        let places: StepPlaces
        do {
            places = try StepPlaces(trace)
        } catch {
            throw .refused(Refusal(trace.path, error))
        }
        let begun = trace
        try stopping { () throws(CleanupError) in try journal.write(begun: begun) }
        var isFinishing = false
        do throws(StepEnd) {
            do throws(SystemError) {
                try act(places)
            } catch {
                throw .refused(Refusal(trace.path, error))
            }
            do throws(Refusal) { try check(places) } catch { throw .refused(error) }
            do throws(SystemError) {
                try places.sync()
                isFinishing = true
                try finish(places)
                try places.sync()
            } catch {
                throw .refused(Refusal(trace.path, error))
            }
        } catch {
            let isDone = try settle(places) && (isFinishing || ((try? places.isThere()) ?? false))
            guard isDone else {
                trace.folderAfter = places.folder.modified
                let ended = trace
                try stopping { () throws(CleanupError) in try journal.write(nothingOf: ended) }
                throw error
            }
        }
        trace.folderAfter = places.folder.modified
        let ended = trace
        try stopping { () throws(CleanupError) in try journal.write(done: ended) }
    }

    /// Puts back what a step did that went wrong; whether that shows that it was done.
    private func settle(_ places: StepPlaces) throws(StepEnd) -> Bool {
        do {
            return try places.settle()
        } catch {
            throw .stopped(
                CleanupError(
                    .stepFailed, path: journal.path, "a step went wrong half-way: \(error.why)",
                    hint: "see to the disk and run the same command again: it goes on from there"))
        }
    }

    private func refusing<Value>(
        _ step: PlanStep, _ body: () throws(SystemError) -> Value
    ) throws(StepEnd) -> Value {
        do { return try body() } catch { throw .refused(Refusal(step.file.path, error)) }
    }

    private func stopping(_ body: () throws(CleanupError) -> Void) throws(StepEnd) {
        do { try body() } catch { throw .stopped(error) }
    }
}

extension StepTrace {
    /// Of a step whose file goes to a name beside it for a moment, until another target is chosen.
    fileprivate init(_ number: Int, _ step: PlanStep, _ file: CheckedFile, _ kept: CheckedFile) {
        var facts = stat()
        fstat(file.descriptor, &facts)
        self.init(
            step: number, action: step.action, path: step.file.path, kept: step.kept.path, mark: file.mark,
            keptMark: kept.mark, fingerprint: step.file.fingerprint,
            target: file.folder.path(of: FreeName.passing()), note: nil, mode: Int(facts.st_mode & 0o7777),
            owner: Int(facts.st_uid), group: Int(facts.st_gid), modified: file.status.modified,
            folderBefore: file.folder.modified)
    }
}
