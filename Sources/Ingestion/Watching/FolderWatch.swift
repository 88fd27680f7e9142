import Base
import Glibc

/// Watches folders and all below them for what concerns their videos.
///
/// The folders are those that a run walks (`FolderScanner`): no hidden ones, none that is left out, links followed, each once. New folders are
/// watched as they appear, moved ones under their new name.
package final class FolderWatch {
    /// What happened, as far as it matters to an index.
    package enum Change: Equatable, Sendable {
        /// A video's file is new or being written.
        case written(String)
        /// Whoever wrote it has closed it, or it came whole by a rename.
        case closed(String)
        /// Its time or its permissions were set.
        case touched(String)
        /// A video's file is gone from its path.
        case gone(String)
        /// Folders changed, or notices were lost: only a look at everything tells what is there.
        case unknown
    }

    private let roots: [String]
    private let rules: ScanRules
    private let notices: Inotify
    private var folders: [Int32: String] = [:]
    private var watches: [PathKey: Int32] = [:]
    /// Further watches than so many fail as they do at the system's limit.
    private let mostWatches: Int

    /// Folders watched now.
    package var count: Int { watches.count }

    /// - Parameter mostWatches: for tests; the system has a limit of its own.
    package init(
        _ roots: [String], rules: ScanRules = ScanRules(), mostWatches: Int = .max
    ) throws(WatchError) {
        self.roots = roots.map(Path.resolved)
        self.rules = rules
        self.mostWatches = mostWatches
        do {
            notices = try Inotify()
        } catch {
            throw .system(roots.first ?? "", number: error.code, watched: 0)
        }
        for root in self.roots {
            guard case .success(let status) = FileStatus.of(root, followingLinks: true), status.isFolder
            else {
                throw .system(root, number: ENOTDIR, watched: 0)
            }
        }
        try watch(below: self.roots)
    }

    /// What happened since the last call; waits up to so many seconds for something to happen.
    package func changes(waiting seconds: Double) throws(WatchError) -> [Change] {
        try changes(for: notices.events(waiting: seconds))
    }

    package func changes(for events: [Inotify.Event]) throws(WatchError) -> [Change] {
        var changes: [Change] = []
        // Once for all of them: from the roots on, whose rules and marks say what is to be looked into.
        var mustLook = false
        for event in events {
            if event.isOverflow {
                // Folders may be among what was lost.
                mustLook = true
                changes.append(.unknown)
                continue
            }
            guard let folder = folders[event.watch] else { continue }
            if event.isEnd || event.mask & Inotify.Event.unmounted != 0 {
                forget(event.watch)
                changes.append(.unknown)
            } else if event.has(IN_DELETE_SELF, IN_MOVE_SELF) {
                // One that moved within the roots is watched anew by its new parent's notice.
                if roots.contains(where: { PathKey($0) == PathKey(folder) }) { changes.append(.unknown) }
            } else if [FolderMarks.noMedia, FolderMarks.ignore].contains(event.name) {
                mustLook = true
                changes.append(.unknown)
            } else if event.name.isEmpty || event.name.hasPrefix(".") {
                continue
            } else if let change = change(
                event, (folder == "/" ? "" : folder) + "/" + event.name, &mustLook)
            {
                changes.append(change)
            }
        }
        if mustLook { try watch(below: roots) }
        return changes
    }

    /// Looks for roots that were gone, or whose disk was, and are there again; whether one was found.
    package func findLostRoots() throws(WatchError) -> Bool {
        let lost = roots.filter { watches[PathKey($0)] == nil && !FileStatus.isGone($0) }
        if lost.isEmpty { return false }
        try watch(below: lost)
        return lost.contains { watches[PathKey($0)] != nil }
    }

    /// - Parameter mustLook: set where folders may be there that are not watched yet.
    private func change(_ event: Inotify.Event, _ path: String, _ mustLook: inout Bool) -> Change? {
        if event.isFolder {
            if event.has(IN_MOVED_FROM, IN_DELETE) {
                forget(below: path)
                return .unknown
            }
            guard event.has(IN_CREATE, IN_MOVED_TO) else { return nil }
            mustLook = true
            return .unknown
        }
        if event.has(IN_CREATE, IN_MOVED_TO),
            case .success(let status) = FileStatus.of(path, followingLinks: false),
            status.isLink
        {
            // To a file or a folder, of whatever name.
            mustLook = true
            return .unknown
        }
        guard rules.takesAllFiles || VideoExtensions.matches(event.name) else { return nil }
        if event.has(IN_DELETE, IN_MOVED_FROM) { return .gone(path) }
        if event.has(IN_CLOSE_WRITE, IN_MOVED_TO) { return .closed(path) }
        return event.has(IN_ATTRIB) ? .touched(path) : .written(path)
    }

    /// Watches folders and all below them that are not watched yet. Looks again until nothing new is found: what was made
    /// after its parent was listed and before that was watched has sent no notice.
    private func watch(below tops: [String]) throws(WatchError) {
        while true {
            let found = FolderScanner.scan(tops, rules: rules).visited.filter { watches[PathKey($0)] == nil }
            var added = false
            for folder in found {
                do throws(SystemError) {
                    if watches.count >= mostWatches { throw SystemError(operation: "watch", code: ENOSPC) }
                    let watch = try notices.add(folder)
                    // The same folder under an earlier name.
                    if let old = folders[watch] { watches[PathKey(old)] = nil }
                    folders[watch] = folder
                    watches[PathKey(folder)] = watch
                    added = true
                } catch {
                    // Gone again, or unreadable: a run will report it.
                    if [ENOENT, ENOTDIR, EACCES].contains(error.code) { continue }
                    throw .system(folder, number: error.code, watched: watches.count)
                }
            }
            if !added { return }
        }
    }

    private func forget(below top: String) {
        for (folder, watch) in watches where folder.path.isAtOrBelow(top) {
            notices.remove(watch)
            forget(watch)
        }
    }

    private func forget(_ watch: Int32) {
        guard let folder = folders.removeValue(forKey: watch) else { return }
        if watches[PathKey(folder)] == watch { watches[PathKey(folder)] = nil }
    }
}
