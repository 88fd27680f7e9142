#if HTTP
    import ArgumentParser
    import Base
    import Dispatch
    import Foundation
    import HTTPService
    import Isolation
    import Logging
    import NIOCore
    import Service

    extension ListenAddress: ExpressibleByArgument {
        /// As the command line names it.
        public init?(argument: String) { self.init(argument) }
    }

    extension Logger.Level: @retroactive ExpressibleByArgument {}

    /// Where and how `serve` answers HTTP.
    struct HTTPServeOptions: ParsableArguments {
        @Option(
            help: .init(
                "Serve HTTP at this address and port, such as 127.0.0.1:8377. Addresses that other machines can reach need a token. (default: MIXTAPE_HTTP, if set and without --in-order)",
                valueName: "ADDRESS"))
        var http: ListenAddress?

        @Option(
            help: .init(
                "File with the access token (first line); clients send it as a Bearer token. (default: MIXTAPE_TOKEN_FILE, if set)",
                valueName: "FILE"),
            completion: .file())
        var tokenFile: String?

        @Option(
            name: .customLong("allow-host"),
            help: .init(
                "A host name under which clients may reach the service. May be repeated.", valueName: "NAME"))
        var hostNames: [String] = []

        @Option(help: .init("Largest upload, in megabytes.", valueName: "MB"))
        var maxUpload = 512

        @Option(
            help: .init(
                "Longest video, or part of one, that may be uploaded or searched for, in seconds.",
                valueName: "S"))
        var maxSeconds = 1800.0

        @Option(
            help: .init("Requests per second from one address, on average; 0 for no limit.", valueName: "N"))
        var rate = 1000.0

        @Option(
            help: .init(
                "Connections at once from one address, of 256 in all. Loopback, where a proxy may be, may use all but this many. 0 for no limit.",
                valueName: "N"))
        var connections = 64

        @Option(
            help: .init(
                "Lowest level of log records: debug, info, notice, warning or error. (default: MIXTAPE_LOG, else info)",
                valueName: "LEVEL"))
        var logLevel: Logger.Level?

        /// Whether to answer HTTP, in place of standard input.
        var isAsked: Bool { http != nil }

        /// Fills in what the environment says and no option does.
        mutating func takeEnvironment() throws {
            func read<Value: ExpressibleByArgument>(_ text: String?, _ variable: String) throws -> Value? {
                guard let text else { return nil }
                guard let value = Value(argument: text) else {
                    throw CommandError(message: "\(variable): \"\(text)\" is not what the option takes")
                }
                return value
            }
            http = try http ?? read(Settings.current.http, "MIXTAPE_HTTP")
            tokenFile = tokenFile ?? Settings.current.tokenFile
            logLevel = try logLevel ?? read(Settings.current.logLevel, "MIXTAPE_LOG")
        }

        func validateTogether() throws {
            guard maxUpload > 0, maxUpload <= 1 << 20 else {
                throw ValidationError("--max-upload: expected 1 to 1048576")
            }
            guard maxSeconds > 0, maxSeconds <= 1e6 else {
                throw ValidationError("--max-seconds: expected 1 to 1000000")
            }
            guard rate >= 0, rate <= 1e6 else { throw ValidationError("--rate: expected 0 to 1000000") }
            guard (0...255).contains(connections) else {
                throw ValidationError("--connections: expected 0 to 255")
            }
        }

        /// Answers until a signal ends it.
        ///
        /// - Parameter folders: that may be read and indexed, besides the indexed ones.
        func serve(_ handler: RequestHandler, _ places: LibraryOptions, folders: [String]) throws {
            guard let http else { return }
            let options = try options(at: http, places, folders: folders)
            let server = HTTPServer(handler: handler, options: options)
            let ended = DispatchSemaphore(value: 0)
            Task.detached {
                do {
                    try await server.run(shouldStop: Interrupts.wereReceived)
                } catch let error as IOError where error.errnoCode == EADDRINUSE {
                    Terminal.report(
                        "\(options.address): another program listens at this address already",
                        hint:
                            "choose another port with --http (0 takes any that is free), or end that program")
                } catch {
                    Terminal.report(
                        "\(options.address): \(error)", hint: "choose another address with --http")
                }
                ended.signal()
            }
            ended.wait()
            guard Interrupts.wereReceived() else { throw ExitCode.failure }
            throw Interrupts.exitCode
        }

        /// All of it, checked.
        private func options(
            at address: ListenAddress, _ places: LibraryOptions, folders: [String]
        ) throws -> HTTPOptions {
            var options = HTTPOptions(address: address, worker: .own, modelFolder: places.modelPath())
            if let tokenFile {
                options.token = try Self.token(tokenFile)
                if Self.isOpenToOthers(tokenFile) {
                    options.warnings.append(
                        "\(tokenFile): every user of this machine can read the token: chmod 600 makes it the owner's"
                    )
                }
            }
            options.hostNames = hostNames
            options.folders = folders
            options.temporaryFolder = FileManager.default.temporaryDirectory.path
            options.processors = Settings.current.processors
            options.logLevel = logLevel ?? .info
            options.logsForPeople = Settings.current.errorsAreTerminal
            options.limits.uploadBytes = maxUpload << 20
            options.limits.videoSeconds = maxSeconds
            options.limits.requestsPerSecond = rate
            options.limits.connectionsOfOneAddress = connections
            do {
                try HTTPServer.check(options)
            } catch {
                throw CommandError(message: error.message, hint: error.hint)
            }
            for folder in folders where !FileManager.default.fileExists(atPath: folder) {
                throw CommandError(
                    message: "\(folder): no such folder", hint: "name an existing folder with --root")
            }
            return options
        }

        /// A warning and no refusal: secrets that containers mount are readable by everybody in there, and cannot be changed.
        private static func isOpenToOthers(_ file: String) -> Bool {
            FileStatus(path: file).map { $0.isRegular && $0.mode & (S_IROTH | S_IWOTH) != 0 } ?? false
        }

        private static func token(_ file: String) throws -> String {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw CommandError(
                    message: "\(file): cannot be read", hint: "make it: openssl rand -hex 24 > \(file)")
            }
            return String(text.prefix { !$0.isNewline })
        }
    }
#endif
