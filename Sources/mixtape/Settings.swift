import Base
import Foundation

/// What the program's surroundings say, read once when it starts; nothing below reads the environment.
struct Settings: Sendable {
    static let current = Settings()

    /// The folder that holds models/default/config.json, above the executable; nil where there is none.
    let package: String?
    /// $XDG_CACHE_HOME/mixtape, or ~/.cache/mixtape; nil where neither is known.
    let cacheFolder: String?
    /// Processors this process may run on.
    let processors: Int
    let outputIsTerminal: Bool
    let errorsAreTerminal: Bool
    /// https://no-color.org, and terminals that cannot.
    let allowsColour: Bool

    private init() {
        package = Self.findPackage()
        cacheFolder = Self.findCache()
        processors = processorCount
        outputIsTerminal = isatty(STDOUT_FILENO) == 1
        errorsAreTerminal = isatty(STDERR_FILENO) == 1
        let noColour = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        allowsColour = !noColour && !isDumb
    }

    private static func findCache() -> String? {
        func folder(_ name: String) -> String? {
            // The XDG base directory specification: relative paths are to be ignored.
            getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        if let cache = folder("XDG_CACHE_HOME") { return "\(cache)/mixtape" }
        return folder("HOME").map { "\($0)/.cache/mixtape" }
    }

    private static func findPackage() -> String? {
        guard var folder = Path.real("/proc/self/exe")?[...] else { return nil }
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if access("\(folder)/models/default/config.json", R_OK) == 0 { return String(folder) }
        }
        return nil
    }
}
