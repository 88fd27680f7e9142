import Base

/// How thoroughly a kept file is looked at before the other one goes.
public enum KeptVerification: String, Sendable, CaseIterable {
    /// A file of the same content is compared byte for byte; where the contents differ, the kept one is decoded from end to end.
    case full
    /// Both have the size, the time and the fingerprint that the plan saw.
    case quick
}

/// How a plan is applied.
public struct ApplicationOptions: Sendable {
    /// The journal's file.
    public var journal: String
    /// How the kept files are looked at.
    public var verification = KeptVerification.full
    /// The user's folder of data, for the trash: `$XDG_DATA_HOME` or `~/.local/share`; nil where there is none.
    public var dataHome: String?
    /// Whether everything is checked and nothing done.
    public var isDryRun = false

    /// With the defaults.
    public init(journal: String, dataHome: String?) {
        self.journal = journal
        self.dataHome = dataHome
    }
}

/// What became of a plan, or of a journal that was taken back.
public struct CleanupResult: Sendable, Equatable {
    /// A file for which nothing was done, and why.
    public struct Refused: Sendable, Equatable {
        /// The file.
        public var path: String
        /// One sentence that names the file.
        public var why: String
    }

    /// Files whose steps are done, by this run or an earlier one.
    public var done: [String] = []
    /// Bytes that those free.
    public var bytesFreed: Int64 = 0
    /// Files that stay as they are.
    public var refused: [Refused] = []
    /// Whether it ended early because it was told to.
    public var isCancelled = false

    /// Nothing so far.
    public init() {}
}

/// Looks at the pictures of a file, given as a path that only this process can open, which is kept, or goes; why nothing may be done, or
/// nil.
package typealias PictureCheck = (_ path: String, _ isKept: Bool) throws(CleanupError) -> String?

/// Takes a plan's steps, one after the other. What an earlier run of the same plan did is not done again, and what it was at when it was
/// interrupted is settled first.
public struct PlanApplication {
    private let plan: CleanupPlan
    private let options: ApplicationOptions
    private let journal: Journal?

    /// - Throws: where the plan or the journal cannot be used.
    public init(path: String, options: ApplicationOptions) throws(CleanupError) {
        let bytes = try Self.read(path)
        plan = try CleanupPlan(bytes: bytes, path: path)
        self.options = options
        if options.isDryRun {
            journal = nil
            return
        }
        let hash = Self.hash(bytes)
        let journal = try Journal(path: options.journal, plan: (Path.resolved(path), hash))
        guard journal.plan == hash else {
            throw CleanupError(
                .journalOfAnotherPlan, path: options.journal, "the journal is of another plan than \(path)",
                hint: "name another journal with --journal")
        }
        self.journal = journal
    }

    /// Names the journal of a plan, so that a plan that was edited has another one: 64 hexadecimal digits.
    public static func hash(ofPlan path: String) throws(CleanupError) -> String { hash(try read(path)) }

    private static func read(_ path: String) throws(CleanupError) -> [UInt8] {
        do {
            return try FileBytes.read(path, limit: CleanupPlan.mostBytes)
        } catch {
            throw CleanupError(
                .planUnreadable, path: path, error.description,
                hint: "`mixtape duplicates --plan PLAN.json` writes a plan")
        }
    }

    private static func hash(_ bytes: [UInt8]) -> String {
        let hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }

    /// Whether everything is checked and nothing done.
    var isDry: Bool { options.isDryRun }

    /// The plan that was read.
    public var contents: CleanupPlan { plan }

    /// How many steps an earlier run did.
    public var doneBefore: Int { done.count }

    /// The files whose steps are done.
    var done: [String] {
        plan.steps.indices.filter { if case .done = journal?.states[$0] { true } else { false } }
            .map { plan.steps[$0].file.path }
    }

    /// Takes all steps that are not done.
    ///
    /// - Parameters:
    ///   - progress: gets the number of steps that were looked at.
    ///   - look: called for files that have another content than the kept one, and once for each of those.
    /// - Throws: where it is not certain what was done; the journal knows, and the next run goes on.
    package func run(
        look: PictureCheck, progress: (Int) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(CleanupError) -> CleanupResult {
        var result = CleanupResult()
        var seen: [FileMark: String?] = [:]
        for (number, step) in plan.steps.enumerated() {
            if isCancelled() {
                result.isCancelled = true
                break
            }
            do throws(StepEnd) {
                if try !isDone(number) {
                    let file = try refusing { () throws(Refusal) in try CheckedFile(step.file) }
                    let kept = try refusing { () throws(Refusal) in try CheckedFile(step.kept) }
                    guard try check(step, file, kept, &seen, look, isCancelled) else {
                        result.isCancelled = true
                        break
                    }
                    if let journal {
                        try StepTaker(journal: journal, dataHome: options.dataHome).take(
                            number, step, file, kept)
                    }
                }
                result.done.append(step.file.path)
                result.bytesFreed += step.bytesFreed
            } catch {
                switch error {
                case .refused(let refusal):
                    result.refused.append(.init(path: step.file.path, why: refusal.why))
                case .stopped(let error): throw error
                }
            }
            progress(number + 1)
        }
        return result
    }

    /// Whether an earlier run did the step; makes an end of one that it was at.
    private func isDone(_ number: Int) throws(StepEnd) -> Bool {
        guard let journal else { return false }
        switch journal.states[number] {
        case nil, .nothing: return false
        case .done: return true
        case .undoing(let trace):
            throw .refused(Refusal(trace.path, "is being taken back; `mixtape undo` goes on with it"))
        case .begun(var trace):
            let places: StepPlaces
            do { places = try StepPlaces(trace) } catch { throw .refused(Refusal(trace.path, error)) }
            let isDone = try refusing { () throws(Refusal) in try places.settle() }
            trace.folderAfter = places.folder.modified
            do throws(CleanupError) {
                if isDone { try journal.write(done: trace) } else { try journal.write(nothingOf: trace) }
            } catch {
                throw .stopped(error)
            }
            return isDone
        }
    }

    /// Whether the step may be taken; false where it was cancelled.
    private func check(
        _ step: PlanStep, _ file: CheckedFile, _ kept: CheckedFile, _ seen: inout [FileMark: String?],
        _ look: PictureCheck, _ isCancelled: () -> Bool
    ) throws(StepEnd) -> Bool {
        guard file.mark != kept.mark else {
            throw .refused(Refusal(step.file.path, "is the kept file itself, under another name"))
        }
        let hasSameContent = step.file.fingerprint == step.kept.fingerprint
        if step.action.needsEqualBytes && !hasSameContent {
            throw .refused(
                Refusal(
                    step.file.path, "has another content than \(step.kept.path): it cannot be a link to it"))
        }
        // What is gone for good is compared in any case: fingerprints of large files are samples.
        if hasSameContent,
            step.action.needsEqualBytes || step.action == .delete || options.verification == .full
        {
            let areEqual: Bool?
            do {
                areEqual = try EqualBytes.hold(
                    file.descriptor, kept.descriptor, isCancelled: isCancelled)
            } catch {
                throw .refused(Refusal(step.file.path, error))
            }
            guard let areEqual else { return false }
            guard areEqual else {
                throw .refused(Refusal(step.file.path, "has other bytes than \(step.kept.path)"))
            }
        } else if options.verification == .full {
            for (one, isKept) in [(file, false), (kept, true)] {
                let problem: String?
                do throws(CleanupError) {
                    problem =
                        if let known = seen[one.mark] {
                            known
                        } else {
                            try look("/proc/self/fd/\(one.descriptor)", isKept)
                        }
                } catch {
                    if error.reason == .cancelled { return false }
                    throw .stopped(error)
                }
                if isKept { seen[one.mark] = .some(problem) }
                if let problem { throw .refused(Refusal(one.path, problem)) }
            }
        }
        return true
    }

    private func refusing<Value>(_ body: () throws(Refusal) -> Value) throws(StepEnd) -> Value {
        do { return try body() } catch { throw .refused(error) }
    }
}
