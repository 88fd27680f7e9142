import ArgumentParser
import Service
import SharedIndexing

/// Where the index and the model are.
struct LibraryOptions: ParsableArguments {
    @Option(
        name: .customLong("index"),
        help: .init(
            "The index folder, or postgres://USER@HOST/DATABASE for an index that many machines share. (default: index/ beside the program's package)",
            valueName: "DIR"), completion: .directory)
    var indexFolder: String?

    @Option(
        name: .customLong("root"),
        help: .init(
            "Of a shared index: the folder that NAME stands for on this machine (NAME=FOLDER). Of serve --http: a folder that may be read and indexed, besides the indexed ones. May be repeated.",
            valueName: "FOLDER"), completion: .directory)
    var roots: [String] = []

    @Option(
        name: .customLong("model"),
        help: .init(
            "The model folder. (default: models/default/ in the program's package)", valueName: "DIR"),
        completion: .directory
    )
    var modelFolder: String?

    /// The library that the options name.
    ///
    /// - Parameter inProcess: whether files that are indexed are read by this very process.
    func library(inProcess: Bool = false) throws -> VideoLibrary { try places.library(inProcess: inProcess) }

    /// The same where `--root` also names folders by themselves, which are given back.
    func libraryAndFolders() throws -> (library: VideoLibrary, folders: [String]) {
        let isShared = indexFolder.map(PostgresAddress.isOne) ?? false
        var places = places
        places.roots = isShared ? roots.filter { !$0.hasPrefix("/") && $0.contains("=") } : []
        return (try places.library(), roots.filter { !places.roots.contains($0) })
    }

    /// The model folder that the options name.
    func modelPath() throws -> String { try places.modelPath() }

    /// The options as they were given, a word each, without passwords.
    var given: [String] {
        func words(_ name: String, _ value: String?) -> [String] { value.map { [name, $0] } ?? [] }
        let index = indexFolder.flatMap {
            PostgresAddress.isOne($0) ? (try? PostgresAddress($0))?.shown : $0
        }
        return words("--index", index) + roots.flatMap { ["--root", $0] }
            + words("--model", modelFolder)
    }

    private var places: LibraryPlaces {
        LibraryPlaces(indexFolder: indexFolder, modelFolder: modelFolder, roots: roots)
    }
}

/// The model alone, for commands that need no index.
struct ModelOption: ParsableArguments {
    @Option(
        name: .customLong("model"),
        help: .init(
            "The model folder. (default: models/default/ in the program's package)", valueName: "DIR"),
        completion: .directory
    )
    var folder: String?

    /// The place that the option names.
    var places: LibraryPlaces { LibraryPlaces(modelFolder: folder) }
}

/// Where the index and the model are, for commands that have their own idea of it.
struct LibraryPlaces {
    var indexFolder: String?
    var modelFolder: String?
    var roots: [String] = []

    /// The library that the options name.
    ///
    /// - Parameter inProcess: whether files that are indexed are read by this very process.
    func library(inProcess: Bool = false) throws -> VideoLibrary {
        var configuration = LibraryConfiguration(
            indexFolder: try folder(indexFolder, option: "--index", default: "index"),
            modelFolder: try modelPath(),
            alwaysChecksModel: modelFolder != nil,
            processors: Settings.current.processors,
            workerExecutable: inProcess ? nil : "/proc/self/exe")
        configuration.shared = try sharedPlace()
        return VideoLibrary(configuration)
    }

    /// Where the shared index is; nil where `--index` names a folder.
    private func sharedPlace() throws -> SharedPlace? {
        guard let indexFolder, PostgresAddress.isOne(indexFolder) else {
            guard roots.isEmpty else {
                throw CommandError(message: "--root goes with an index on a server: --index postgres://…")
            }
            return nil
        }
        var mounts = MountMap()
        for root in roots {
            if let problem = mounts.add(root) { throw CommandError(message: "--root: \(problem)") }
        }
        guard let cache = Settings.current.cacheFolder else {
            throw CommandError(
                message: "there is no place for this machine's copy of the index",
                hint: "set HOME or XDG_CACHE_HOME")
        }
        let address: PostgresAddress
        do { address = try PostgresAddress(indexFolder) } catch { throw LibraryError(error) }
        return SharedPlace(address: address, mounts: mounts, cacheFolder: cache)
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
