import ArgumentParser
import Isolation
import Library
import SharedIndexing

/// Where the index and the model are.
struct LibraryOptions: ParsableArguments {
    @Option(
        name: .customLong("index"),
        help: .init(
            "The index folder, or postgres://USER@HOST/DATABASE for an index that many machines share. (default: MIXTAPE_INDEX, else index/ of the clone or the user's data folder)",
            valueName: "DIR"), completion: .directory)
    var indexFolder: String?

    @Option(
        name: .customLong("root"),
        help: .init(
            "For a shared index: where this machine has the folder NAME (NAME=FOLDER). For serve --http: a further folder that may be read and indexed. May be repeated.",
            valueName: "FOLDER"), completion: .directory)
    var roots: [String] = []

    @OptionGroup var model: ModelOption

    /// The library that the options name.
    ///
    /// - Parameter inProcess: whether files that are indexed are read by this very process.
    func library(inProcess: Bool = false) throws -> VideoLibrary { try places.library(inProcess: inProcess) }

    /// The same where `--root` also names folders by themselves, which are given back.
    func libraryAndFolders() throws -> (library: VideoLibrary, folders: [String]) {
        let isShared = PostgresAddress.isOne(try Places.index(indexFolder).path)
        var places = places
        places.roots = isShared ? roots.filter { !$0.hasPrefix("/") && $0.contains("=") } : []
        return (try places.library(), roots.filter { !places.roots.contains($0) })
    }

    /// The model folder that the options name.
    func modelPath() -> String { places.modelPath() }

    /// Where the index and the model are, and what named them.
    var chosen: (index: ChosenPlace, model: ChosenPlace) {
        get throws { (try Places.index(indexFolder), Places.model(model.folder)) }
    }

    /// The options as they were given, a word each, without passwords.
    var given: [String] {
        func words(_ name: String, _ value: String?) -> [String] { value.map { [name, $0] } ?? [] }
        let index = indexFolder.flatMap {
            PostgresAddress.isOne($0) ? (try? PostgresAddress($0))?.shown : $0
        }
        return words("--index", index) + roots.flatMap { ["--root", $0] }
            + words("--model", model.folder)
    }

    private var places: LibraryPlaces {
        LibraryPlaces(indexFolder: indexFolder, modelFolder: model.folder, roots: roots)
    }
}

/// The model alone, for commands that need no index.
struct ModelOption: ParsableArguments {
    @Option(
        name: .customLong("model"),
        help: .init(
            "The model: a folder or a name. (default: MIXTAPE_MODEL, else the one named default)",
            valueName: "MODEL"),
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
        VideoLibrary(
            LibraryConfiguration(
                index: try index(), modelFolder: modelPath(),
                alwaysChecksModel: (modelFolder ?? Settings.current.model) != nil,
                processors: Settings.current.processors, worker: inProcess ? nil : .own))
    }

    /// The index that is named, in a folder or on a server.
    private func index() throws -> any LibraryIndex {
        let index = try Places.index(indexFolder)
        guard PostgresAddress.isOne(index.path) else {
            guard roots.isEmpty else {
                throw CommandError(message: "--root goes with an index on a server: --index postgres://…")
            }
            return FolderIndex(index.path)
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
        return ServerIndex(try PostgresAddress(index.path), mounts: mounts, cacheFolder: cache)
    }

    /// The model folder that the options name.
    func modelPath() -> String { Places.model(modelFolder).path }
}
