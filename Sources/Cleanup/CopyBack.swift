internal import CFiles

import Base
import Glibc

/// Makes a file again that became a link to an equal one: a copy of that, with the name, times, permissions and owner that the file had.
struct CopyBack {
    let journal: Journal

    /// - Parameter trace: its target becomes the name that the copy has while it is made.
    func run(_ trace: inout StepTrace, _ places: StepPlaces, _ state: Journal.State) throws {
        if case .undoing = state, try isFinished(places) { return }
        guard try places.isLinkHere() else {
            throw Refusal(trace.path, "is not the link any more that took its place")
        }
        let source = try source(trace, places)
        defer { close(source) }
        let content: String
        do {
            content = try ContentFingerprint.of(path: "/proc/self/fd/\(source)")
        } catch {
            throw Refusal(trace.kept, error.detail)
        }
        guard content == trace.fingerprint else {
            throw Refusal(trace.kept, "has another content by now, so \(trace.path) cannot be made of it")
        }
        trace.target = places.folder.path(of: FreeName.passing())
        try journal.write(undoing: trace)
        try copy(source, StepPlaces(trace))
    }

    /// Whether an earlier run put the copy in place; clears away what else it left.
    private func isFinished(_ places: StepPlaces) throws(SystemError) -> Bool {
        if try places.isLinkHere() {
            if try places.targetFolder.status(places.targetName) != nil {
                try places.targetFolder.remove(places.targetName)
            }
            return false
        }
        if try places.isLinkThere() {
            try places.targetFolder.remove(places.targetName)
            return true
        }
        guard let status = try places.folder.status(places.name) else { return false }
        return status.isRegular && status.modified == places.trace.modified
    }

    private func source(_ trace: StepTrace, _ places: StepPlaces) throws(SystemError) -> Int32 {
        if trace.action == .hardlink { return try places.folder.open(places.name) }
        return try OpenFolder(Path.folder(of: trace.kept)).open(Path.name(of: trace.kept))
    }

    private func copy(_ source: Int32, _ places: StepPlaces) throws(SystemError) {
        let (folder, name, copy) = (places.folder, places.name, places.targetName)
        let file = try folder.create(copy)
        defer { close(file) }
        do throws(SystemError) {
            if mixtape_clone(source, file) != 0 { try write(source, to: file) }
            // Only root may give files to others; for everybody else the owner is who it was.
            _ = fchown(file, uid_t(places.trace.owner), gid_t(places.trace.group))
            fchmod(file, mode_t(places.trace.mode))
            try folder.setModified(places.trace.modified, of: copy)
            try FileBytes.sync(file)
            try folder.swap(name, copy)
            guard try places.isLinkThere() else {
                try folder.swap(name, copy)
                throw SystemError(operation: "find the link", code: ENOENT)
            }
            // What is removed may be the content's last old name.
            try places.sync()
            try folder.remove(copy)
        } catch {
            if let isLink = try? places.isLinkHere(), isLink { try? folder.remove(copy) }
            throw error
        }
    }

    private func write(_ source: Int32, to file: Int32) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = FileBytes.read(source, into: buffer, at: offset)
            guard count >= 0 else { throw SystemError(operation: "read it", code: Int32(-count)) }
            if count == 0 { return }
            try FileBytes.write(
                UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])), to: file)
            offset += Int64(count)
        }
    }
}
