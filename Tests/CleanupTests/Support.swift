import Base
import Cleanup
import Foundation
import TestSupport

/// Files of a test, plans about them, and their application.
final class Files {
    let folder: TemporaryFolder
    var plan: String { folder.file("plan.json") }
    var journal: String { folder.file("journal.jsonl") }
    var home: String { folder.file("home") }

    init(quick: Bool = false) throws {
        folder = try TemporaryFolder(quick: quick)
        try folder.makeFolder("videos/other")
    }

    func path(_ name: String) -> String { folder.file("videos/" + name) }

    /// Writes a file of the past, so that a later change shows in its time.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let path = try folder.write(text, to: "videos/" + name)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: path)
        return path
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: path(name), encoding: .utf8) }

    func seen(_ name: String) throws -> SeenFile {
        let status = try FileStatus.of(path(name)).get()
        return SeenFile(
            path: path(name), size: status.size, modified: status.modified,
            fingerprint: try ContentFingerprint.of(path: path(name)))
    }

    func step(_ name: String, _ action: CleanupAction = .trash, keep: String, score: Double = 1) throws
        -> PlanStep
    {
        let file = try seen(name)
        return PlanStep(
            file: file, action: action, kept: try seen(keep), reason: "a test", score: score, shown: 1,
            bytesFreed: file.size)
    }

    func write(_ steps: PlanStep...) throws {
        try CleanupPlan(steps: steps).text.write(toFile: plan, atomically: true, encoding: .utf8)
    }

    func apply(
        _ verification: KeptVerification = .full, isDryRun: Bool = false,
        look: PictureCheck = { _, _ in nil }
    ) throws -> CleanupResult {
        var options = ApplicationOptions(journal: journal, dataHome: home)
        options.verification = verification
        options.isDryRun = isDryRun
        return try PlanApplication(path: plan, options: options).run(look: look)
    }

    func undo() throws -> CleanupResult { try JournalUndo(path: journal).run() }

    /// Every file and folder of the videos, with kind, permissions, time and content.
    func tree() throws -> [String] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: path(""))
        return try ([""] + names.sorted()).map { name in
            let status = try FileStatus.of(path(name), followingLinks: false).get()
            let content = status.isRegular ? text(name) ?? "?" : ""
            return "\(name) \(status.mode) \(status.modified) \(content)"
        }
    }

    /// The contents of all files but the journal, wherever they are by now.
    func contents() throws -> Set<String> {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return Set(
            names.filter { $0 != "journal.jsonl" }.compactMap {
                try? String(contentsOfFile: folder.file($0), encoding: .utf8)
            })
    }
}
