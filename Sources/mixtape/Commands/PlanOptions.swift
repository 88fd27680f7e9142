import ArgumentParser
import Base
import Cleanup
import Library

/// The plan that a search for duplicates writes.
struct PlanOptions: ParsableArguments {
    @Option(
        help: .init(
            "Write a plan for `mixtape apply`: what would become of each file. Changes none.",
            valueName: "PLAN.json"),
        completion: .file(extensions: ["json"]))
    var plan: String?

    @Option(
        help: .init(
            "What the plan does: trash, move=FOLDER, hardlink, reflink, symlink or delete. (default: trash)",
            valueName: "ACTION"))
    var action: String?

    @Option(
        help: .init(
            "Leave out the least certain files, so that no more mistakes are to be expected.", valueName: "X")
    )
    var maxMistakes: Double?

    @Flag(help: "The plan is for excerpts of longer videos, too.")
    var excerpts = false

    func validate() throws {
        if plan == nil, action != nil || maxMistakes != nil || excerpts {
            throw ValidationError("--action, --max-mistakes and --excerpts go with --plan PLAN.json")
        }
        if let maxMistakes, !(maxMistakes >= 0) {
            throw ValidationError("--max-mistakes: expected 0 or more")
        }
        if let action, CleanupAction(action) == nil {
            throw ValidationError(
                "--action: expected trash, move=FOLDER, hardlink, reflink, symlink or delete")
        }
    }

    /// Writes the plan, where one is wanted.
    func write(_ response: DuplicatesResponse) throws {
        guard let plan else { return }
        var request = PlanRequest()
        request.action = action.flatMap(CleanupAction.init) ?? .trash
        if case .move(let folder) = request.action { request.action = .move(Path.resolved(folder)) }
        request.maximumMistakes = maxMistakes
        request.includesExcerpts = excerpts
        let made = CleanupPlan(response, request)
        do {
            try AtomicFile.write(made.text, to: plan)
        } catch {
            throw CommandError(
                message: "\(plan): \(error.description)", hint: "name a file that can be written with --plan")
        }
        Terminal.note(PlanText.totals(made))
        if !made.excerpts.isEmpty {
            Terminal.note(
                "\(made.excerpts.count) of the files are excerpts and stay; --excerpts plans for them too")
        }
        if !made.leftOut.isEmpty {
            Terminal.note("\(made.leftOut.count) of the files stay; the plan says why (left_out)")
        }
        if !made.steps.isEmpty { Terminal.hint("read it, change it, then `mixtape apply \(plan)`") }
    }
}

/// A plan in words.
enum PlanText {
    /// "3 files to the trash, 1.2 GB; 0.02 mistakes are to be expected".
    static func totals(_ plan: CleanupPlan) -> String {
        if plan.steps.isEmpty { return "the plan has nothing to do" }
        var actions: [(text: String, count: Int)] = []
        for step in plan.steps {
            let text = words(step.action)
            if let place = actions.firstIndex(where: { $0.text == text }) {
                actions[place].count += 1
            } else {
                actions.append((text, 1))
            }
        }
        let parts = actions.map { "\($0.count) \($0.count == 1 ? "file" : "files") \($0.text)" }
        return parts.joined(separator: ", ") + ": \(SizeText.rough(plan.bytesFreed)) to be freed; "
            + "\(plan.expectedMistakes.fixed(3)) mistakes are to be expected"
    }

    private static func words(_ action: CleanupAction) -> String {
        switch action {
        case .trash: "to the trash"
        case .move(let folder): "to \(Terminal.printable(folder))"
        case .hardlink: "to become hard links"
        case .reflink: "to share their blocks"
        case .symlink: "to become symbolic links"
        case .delete: "to be deleted for good"
        }
    }
}
