#if !HTTP
    import ArgumentParser
    import Service

    /// Stands for the options of `serve --http` in a program that was built without HTTP: it takes them all, so that it can say
    /// why they do nothing.
    struct HTTPServeOptions: ParsableArguments {
        @Option(help: .hidden) var http: String?

        @Argument(parsing: .allUnrecognized, help: .hidden) var others: [String] = []

        /// Whether to answer HTTP, in place of standard input.
        var isAsked: Bool { http != nil }

        mutating func takeEnvironment() { http = http ?? Settings.current.http }

        func validateTogether() throws {
            guard !isAsked, let other = others.first else { return }
            throw ValidationError("Unknown option '\(other)'")
        }

        func serve(_ handler: RequestHandler, _ places: LibraryOptions, folders: [String]) throws {
            throw CommandError(
                message: "serve --http: this program was built without HTTP",
                hint: "build it with HTTP: swift build -c release --product mixtape")
        }
    }
#endif
