import ArgumentParser
import Service

/// Where the index and the model are.
struct LibraryOptions: ParsableArguments {
    @Option(
        name: .customLong("index"),
        help: .init("The index folder. (default: index/ beside the program's package)", valueName: "DIR"))
    var indexFolder: String?

    @Option(
        name: .customLong("model"),
        help: .init("The model folder. (default: models/default/ in the program's package)", valueName: "DIR")
    )
    var modelFolder: String?

    /// The library that the options name.
    ///
    /// - Parameter inProcess: whether files that are indexed are read by this very process.
    func library(inProcess: Bool = false) throws -> VideoLibrary {
        VideoLibrary(
            LibraryConfiguration(
                indexFolder: try folder(indexFolder, option: "--index", default: "index"),
                modelFolder: try modelPath(),
                alwaysChecksModel: modelFolder != nil,
                processors: Settings.current.processors,
                workerExecutable: inProcess ? nil : "/proc/self/exe"))
    }

    /// The model folder that the options name.
    func modelPath() throws -> String {
        try folder(modelFolder, option: "--model", default: "models/default")
    }

    private func folder(_ given: String?, option: String, default name: String) throws -> String {
        if let given { return given }
        guard let package = Settings.current.package else {
            throw CommandError(
                message: "cannot find the program's package, which holds models/default/config.json",
                hint: "name the folders: --index DIR --model DIR")
        }
        return "\(package)/\(name)"
    }
}
