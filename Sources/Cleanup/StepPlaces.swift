import Base
import Glibc

/// Where the file of a step may be while it is taken: under its own name, and under the one that it goes to.
struct StepPlaces {
    let trace: StepTrace
    let folder: OpenFolder
    let name: String
    let targetFolder: OpenFolder
    let targetName: String

    /// - Throws: where one of the folders is gone, or behind a symbolic link now.
    init(_ trace: StepTrace) throws(SystemError) {
        self.trace = trace
        folder = try OpenFolder(Path.folder(of: trace.path))
        name = Path.name(of: trace.path)
        targetFolder = try OpenFolder(Path.folder(of: trace.target))
        targetName = Path.name(of: trace.target)
    }

    /// Whether the file has its own name.
    func isHere() throws(SystemError) -> Bool { try folder.holds(trace.mark, as: name) }

    /// Whether the file has the name that it goes to.
    func isThere() throws(SystemError) -> Bool { try targetFolder.holds(trace.mark, as: targetName) }

    /// Whether the file's own name stands for the link that took its place.
    func isLinkHere() throws(SystemError) -> Bool { try isLink(folder, name) }

    /// Whether the name that it goes to stands for the link that is to take its place.
    func isLinkThere() throws(SystemError) -> Bool { try isLink(targetFolder, targetName) }

    private func isLink(_ folder: OpenFolder, _ name: String) throws(SystemError) -> Bool {
        if trace.action == .symlink { return folder.linkTarget(name) == trace.kept }
        return try folder.holds(trace.keptMark, as: name)
    }

    /// Removes the note that a trash has of the file, once there is no such file in it.
    func removeNote() throws(SystemError) {
        guard let note = trace.note, try targetFolder.status(targetName) == nil else { return }
        let notes = try OpenFolder(Path.folder(of: note))
        if try notes.status(Path.name(of: note)) != nil { try notes.remove(Path.name(of: note)) }
    }

    func sync() throws(SystemError) {
        try targetFolder.sync()
        try folder.sync()
    }

    /// Makes an end of a step that was begun: puts everything back, or finds that it is done. Whoever was interrupted, or went wrong
    /// half-way, begins again from what this leaves. Nothing is ever replaced.
    ///
    /// - Returns: whether the step is done.
    func settle() throws(Refusal) -> Bool {
        do {
            return try settled()
        } catch {
            let isThere = (try? isThere()) ?? false
            let place = isThere ? " (it is now \(trace.target))" : ""
            throw Refusal(trace.path, "cannot be put back: \(error.message.lowercased())\(place)")
        }
    }

    private func settled() throws(SystemError) -> Bool {
        switch trace.action {
        case .reflink:
            // Its bytes are the same, whoever holds them.
            return false
        case .trash, .move:
            if try isThere() {
                // What has its name now is left alone, and the file where it is safe.
                if try folder.status(name) != nil { return true }
                try putBack()
            }
            try removeNote()
            return false
        case .delete:
            // Nobody else knows that name: what has it was taken from here.
            if try targetFolder.status(targetName) != nil {
                try putBack()
                return false
            }
            return try folder.status(name) == nil
        case .hardlink, .symlink:
            let isLinkHere = try isLinkHere()
            if isLinkHere, try targetFolder.status(targetName) == nil { return true }
            if isLinkHere, try !isLinkThere() {
                try folder.swap(name, targetName)
                try sync()
            }
            if try isLinkThere() { try targetFolder.remove(targetName) }
            // Another program took the link away, or put something in its place.
            if try isThere() { try putBack() }
            return false
        }
    }

    /// Gives the file its own name again, which must be free.
    func putBack() throws(SystemError) {
        try targetFolder.move(targetName, to: folder, as: name)
        try sync()
    }
}
