import Base

/// Takes back what a journal says was done, the last step first.
public struct JournalUndo {
    private let journal: Journal

    /// - Throws: where the journal cannot be used.
    public init(path: String) throws(CleanupError) {
        journal = try Journal(path: path, plan: nil)
    }

    /// Whether anything can be taken back; what was deleted cannot.
    public var canTakeBack: Bool {
        journal.states.values.contains { state in
            switch state {
            case .nothing: false
            case .done(let trace): trace.action != .delete
            case .begun, .undoing: true
            }
        }
    }

    /// How many steps there are to look at.
    public var count: Int { journal.states.values.count { $0 != .nothing } }

    /// - Parameter progress: gets the number of steps that were looked at.
    /// - Returns: what came back is `done`.
    /// - Throws: where the journal cannot be written; what was taken back stays so, and the next run goes on.
    public func run(
        progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(CleanupError) -> CleanupResult {
        var result = CleanupResult()
        try run(into: &result, progress: progress, isCancelled: isCancelled)
        return result
    }

    /// The same; what came back before it had to stop is in the result, too.
    func run(
        into result: inout CleanupResult, progress: (Int) -> Void, isCancelled: () -> Bool
    ) throws(CleanupError) {
        let steps = journal.states.filter { $0.value != .nothing }.keys.sorted(by: >)
        for (place, step) in steps.enumerated() {
            if isCancelled() {
                result.isCancelled = true
                break
            }
            guard let state = journal.states[step] else { continue }
            switch state {
            case .nothing: break
            case .begun(let trace), .done(let trace), .undoing(let trace):
                do throws(StepEnd) {
                    try takeBack(trace, state)
                    result.done.append(trace.path)
                } catch {
                    switch error {
                    case .refused(let refusal):
                        result.refused.append(.init(path: trace.path, why: refusal.why))
                    case .stopped(let error): throw error
                    }
                }
            }
            progress(place + 1)
        }
    }

    private func takeBack(_ trace: StepTrace, _ state: Journal.State) throws(StepEnd) {
        var trace = trace
        do {
            let places = try StepPlaces(trace)
            var state = state
            if case .begun = state {
                // What it was at when it was interrupted is put back already, or is done.
                let isDone = try places.settle()
                trace.folderAfter = places.folder.modified
                guard isDone else { return try finish(trace, places.folder) }
                try journal.write(done: trace)
                state = .done(trace)
            }
            if case .done = state {
                let modified = places.folder.modified
                trace.folderAfter = journal.times.isOurs(trace.folder, modified: modified) ? modified : 0
            }
            do {
                switch trace.action {
                case .delete: throw Refusal(trace.path, "was deleted for good")
                case .reflink: break
                case .trash, .move: try moveBack(trace, places)
                case .hardlink, .symlink: try CopyBack(journal: journal).run(&trace, places, state)
                }
                try finish(trace, places.folder)
            } catch let error as SystemError {
                // What went wrong half-way changed the folder, too.
                if trace.folderAfter != 0, case .undoing = journal.states[trace.step] {
                    trace.folderAfter = places.folder.modified
                    try journal.write(undoing: trace)
                }
                throw error
            }
        } catch let error as CleanupError {
            throw .stopped(error)
        } catch let error as Refusal {
            throw .refused(error)
        } catch let error as SystemError {
            throw .refused(Refusal(trace.path, error))
        } catch {
            throw .refused(Refusal(trace.path, "\(error)"))
        }
    }

    /// Writes down that nothing is left of a step. The last one of a folder gives it back its time.
    private func finish(_ trace: StepTrace, _ folder: OpenFolder) throws {
        var trace = trace
        if trace.folderAfter != 0 {
            let isLast = journal.states.allSatisfy { $0.key == trace.step || $0.value.folder != trace.folder }
            if isLast, let original = journal.times.original(trace.folder) {
                try folder.setModified(original, of: ".")
            }
            trace.folderAfter = folder.modified
        }
        try folder.sync()
        try journal.write(nothingOf: trace)
    }

    private func moveBack(_ trace: StepTrace, _ places: StepPlaces) throws {
        if try places.isThere() {
            try journal.write(undoing: trace)
            try places.putBack()
        } else if try !places.isHere() {
            throw Refusal(trace.path, "is not in \(trace.target) any more")
        }
        try places.removeNote()
    }
}

extension Journal.State {
    /// The folder that something is left to be taken back in.
    fileprivate var folder: PathKey? {
        switch self {
        case .nothing: nil
        case .begun(let trace), .done(let trace), .undoing(let trace): trace.folder
        }
    }
}
