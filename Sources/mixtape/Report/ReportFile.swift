import ArgumentParser
import Foundation

/// The page that `--html` names.
struct ReportFile {
    let path: String

    /// Refuses to write over what is no page of Mixtape's, before hours of work are done for it.
    init(path: String, replacing: Bool) throws {
        self.path = path
        guard !replacing, FileManager.default.fileExists(atPath: path), !Self.isReport(path) else { return }
        throw CommandError(
            message: "\(path): already exists, and mixtape did not make it",
            hint: "name another file, or pass --replace")
    }

    /// An earlier page, or an empty file.
    private static func isReport(_ path: String) -> Bool {
        let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        guard type == .typeRegular, let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }
        guard let start = try? file.read(upToCount: 1 << 16) ?? Data() else { return false }
        return start.isEmpty || start.range(of: Data(ReportPage.signature.utf8)) != nil
    }

    func write(_ page: ReportPage) throws {
        try page.write(to: path)
        Terminal.note("wrote \(Terminal.printable(path))")
    }
}

/// Whether a command writes a page, and where.
struct ReportOptions: ParsableArguments {
    @Option(
        help: .init(
            "Write a page with pictures of everything that was found. Replaces an earlier page.",
            valueName: "FILE"), completion: .file())
    var html: String?

    @Flag(help: "With --html: replace a file that is not such a page.")
    var replace = false

    func validate() throws {
        if replace, html == nil { throw ValidationError("--replace: goes with --html") }
    }

    func file() throws -> ReportFile? { try html.map { try ReportFile(path: $0, replacing: replace) } }
}
