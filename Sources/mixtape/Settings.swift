import Base
import Foundation

/// What the program's surroundings say, read once when it starts; nothing below reads the environment.
struct Settings: Sendable {
    static let current = Settings()

    /// The clone of the project that the program stands in; nil where it stands elsewhere.
    let clone: String?
    /// The folder of the program itself.
    let programFolder: String?
    /// $XDG_DATA_HOME, or ~/.local/share; nil where neither is known.
    let dataHome: String?
    /// The folder mixtape in that.
    var dataFolder: String? { dataHome.map { $0 + "/mixtape" } }
    /// $MIXTAPE_INDEX, $MIXTAPE_MODEL, $MIXTAPE_HTTP, $MIXTAPE_TOKEN_FILE and $MIXTAPE_LOG; nil where not set, or empty.
    let index, model, http, tokenFile, logLevel: String?
    /// $XDG_CACHE_HOME/mixtape, or ~/.cache/mixtape; nil where neither is known.
    let cacheFolder: String?
    /// Processors this process may run on.
    let processors: Int
    let outputIsTerminal: Bool
    let errorsAreTerminal: Bool
    /// https://no-color.org, and terminals that cannot.
    let allowsColour: Bool

    private init() {
        let program = Path.real("/proc/self/exe")
        clone = program.flatMap(Self.clone)
        programFolder = program.map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        dataHome = Self.folder("XDG_DATA_HOME", else: ".local/share")
        cacheFolder = Self.folder("XDG_CACHE_HOME", else: ".cache").map { $0 + "/mixtape" }
        index = Self.named("MIXTAPE_INDEX")
        model = Self.named("MIXTAPE_MODEL")
        http = Self.named("MIXTAPE_HTTP")
        tokenFile = Self.named("MIXTAPE_TOKEN_FILE")
        logLevel = Self.named("MIXTAPE_LOG")
        processors = processorCount
        outputIsTerminal = isatty(STDOUT_FILENO) == 1
        errorsAreTerminal = isatty(STDERR_FILENO) == 1
        let noColour = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        allowsColour = !noColour && !isDumb
    }

    private static func named(_ variable: String) -> String? {
        getenv(variable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// By the XDG base directory specification, which has relative paths ignored.
    private static func folder(_ variable: String, else place: String) -> String? {
        func absolute(_ variable: String) -> String? {
            named(variable).flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        return absolute(variable) ?? absolute("HOME").map { "\($0)/\(place)" }
    }

    private static func clone(above program: String) -> String? {
        var folder = program[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if ["Package.swift", "models/default/config.json"].allSatisfy({
                access("\(folder)/\($0)", R_OK) == 0
            }) {
                return String(folder)
            }
        }
        return nil
    }
}
