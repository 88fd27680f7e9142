import Base
import Foundation

/// Where an index or a model is, and what named it.
struct ChosenPlace: Sendable {
    let path: String
    /// Such as "--index", "$MIXTAPE_INDEX" or "this clone's".
    let reason: String
}

/// Where the index and the models are looked for: what an option names, then the environment, then the clone that the program
/// stands in, then the places of an installed program.
enum Places {
    /// - Parameter named: of `--index`: a folder, or a database.
    static func index(_ named: String?) throws(CommandError) -> ChosenPlace {
        if let named { return ChosenPlace(path: named, reason: "--index") }
        if let named = Settings.current.index {
            return ChosenPlace(path: named, reason: "$MIXTAPE_INDEX")
        }
        if let clone = Settings.current.clone {
            return ChosenPlace(path: clone + "/index", reason: "this clone's")
        }
        guard let data = Settings.current.dataFolder else {
            throw CommandError(
                message: "there is no place for the index: neither HOME nor XDG_DATA_HOME is set",
                hint: "name a folder with --index or MIXTAPE_INDEX")
        }
        return ChosenPlace(path: data + "/index", reason: "the default of this user")
    }

    /// Where there is no model, the last place: commands that need none go on, and the others name what they miss.
    ///
    /// - Parameter named: of `--model`: a folder, or the name of a model.
    static func model(_ named: String?) -> ChosenPlace {
        if let named { return model(named, reason: "--model") }
        if let named = Settings.current.model { return model(named, reason: "$MIXTAPE_MODEL") }
        let place = folders.first { isModel($0.path + "/default") } ?? folders[folders.count - 1]
        return ChosenPlace(path: place.path + "/default", reason: place.reason)
    }

    /// A folder of that name goes before a model of that name; what is neither is named as a folder where it is missed.
    private static func model(_ named: String, reason: String) -> ChosenPlace {
        if !named.isEmpty, !named.contains("/"), !isModel(named),
            let folder = folders.first(where: { isModel("\($0.path)/\(named)") })
        {
            return ChosenPlace(path: "\(folder.path)/\(named)", reason: "\(reason), \(folder.reason)")
        }
        return ChosenPlace(path: named, reason: reason)
    }

    private static func isModel(_ folder: String) -> Bool { access(folder + "/config.json", R_OK) == 0 }

    /// Folders of models, the first to be looked into first.
    private static var folders: [ChosenPlace] {
        let settings = Settings.current
        var places: [ChosenPlace] = []
        func add(_ folder: String?, _ reason: String) {
            if let folder { places.append(ChosenPlace(path: folder, reason: reason)) }
        }
        add(settings.clone.map { $0 + "/models" }, "this clone's")
        add(settings.programFolder.map { $0 + "/models" }, "beside the program")
        add(settings.dataFolder.map { $0 + "/models" }, "this user's")
        add("/usr/share/mixtape/models", "the system's")
        return places
    }
}
