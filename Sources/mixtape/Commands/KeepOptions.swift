import ArgumentParser
import Base
import Retrieval

/// Which file of a group is kept, and which others are listed.
struct KeepOptions: ParsableArguments {
    @Option(
        help: .init(
            "Keep files in or below this folder. May be repeated; the first goes first.", valueName: "FOLDER"),
        completion: .directory)
    var keepUnder: [String] = []

    @Option(
        help: .init(
            "Never list a file in or below this folder beside the one to keep. May be repeated.",
            valueName: "FOLDER"), completion: .directory)
    var neverTouch: [String] = []

    @Option(
        help: .init(
            "What makes a file the one to keep, the first that tells two apart: longest, picture, bitrate, codec, oldest, newest, name, path. (default: longest,picture,bitrate,path)",
            valueName: "RULES"))
    var prefer: String?

    @Flag(help: "Only pairs of files in one folder.")
    var within = false

    @Flag(help: "Only pairs of files in different folders.")
    var across = false

    @Option(
        name: .customLong("path"),
        help: .init(
            "List only files in or below this folder beside the one to keep. May be repeated.",
            valueName: "FOLDER"),
        completion: .directory)
    var paths: [String] = []

    @Option(
        help: .init("Only keep files in or below this folder. May be repeated.", valueName: "FOLDER"),
        completion: .directory)
    var against: [String] = []

    func validate() throws {
        if within && across { throw ValidationError("--within and --across exclude each other") }
        _ = try preferences()
    }

    /// The rules, with folders that are there.
    func rules() throws -> KeepRules {
        var rules = KeepRules()
        rules.keepUnder = try folders(keepUnder, "--keep-under")
        rules.neverTouch = try folders(neverTouch, "--never-touch")
        rules.listed = try folders(paths, "--path")
        rules.against = try folders(against, "--against")
        rules.pairing = within ? .within : across ? .across : .any
        rules.preferences = try preferences()
        return rules
    }

    private func preferences() throws -> [KeepRules.Preference] {
        guard let prefer else { return KeepRules.usual }
        return try prefer.split(separator: ",", omittingEmptySubsequences: false).map { word in
            guard let preference = KeepRules.Preference(rawValue: String(word)) else {
                let known = KeepRules.Preference.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--prefer: expected \(known), separated by commas")
            }
            return preference
        }
    }

    /// A mistyped name would leave files without the protection that it was meant to give.
    private func folders(_ given: [String], _ option: String) throws -> [String] {
        try given.map { folder in
            guard let real = Path.real(folder), FileStatus(path: real)?.isFolder == true else {
                throw CommandError(
                    message: "\(option): \(folder): no such folder", hint: "name an existing folder")
            }
            return real
        }
    }
}
