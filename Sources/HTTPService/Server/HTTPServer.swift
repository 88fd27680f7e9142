import HTTPTypes
import Hummingbird
import HummingbirdCore
import Isolation
import Library
import Logging
import NIOCore
import Service
import ServiceLifecycle
import Synchronization

/// Serves the page and the API over HTTP/1.1, as `mixtape serve --http` does.
public struct HTTPServer: Sendable {
    private let service: HTTPService
    private let logger: Logger

    /// A server of the requests that the handler answers; nothing is opened yet.
    public init(handler: RequestHandler, options: HTTPOptions) {
        var logger = Logger(label: "mixtape") { label -> any LogHandler in
            options.logsForPeople
                ? TextLog(level: options.logLevel) : JSONLog(label: label, level: options.logLevel)
        }
        logger.logLevel = options.logLevel
        self.logger = logger
        service = HTTPService(handler: handler, options: options, logger: logger)
    }

    /// What must be true before anybody else can reach the service.
    ///
    /// - Throws: `reachable_without_token` for an address beyond this machine without a token, `short_token`.
    public static func check(_ options: HTTPOptions) throws(LibraryError) {
        if let token = options.token, token.utf8.count < AccessToken.shortest {
            throw LibraryError(
                .index, reason: "short_token",
                message: "the token is shorter than \(AccessToken.shortest) characters",
                hint: "make one: openssl rand -hex 24 > FILE")
        }
        if !options.address.isLoopback, options.token == nil {
            throw LibraryError(
                .index, reason: "reachable_without_token",
                message: "\(options.address): other machines can reach this address, so a token is required",
                hint: "pass --token-file FILE, or listen on 127.0.0.1")
        }
    }

    /// Serves until `shouldStop` says so, then takes no more connections and lets what runs end, for a while.
    ///
    /// - Parameter onListening: told the port once the service can be reached.
    public func run(
        shouldStop: @escaping @Sendable () -> Bool, onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        let options = service.options
        let limits = options.limits
        let (metrics, connections, logger, jobs) = (
            service.metrics, service.connections, logger, service.jobs
        )
        WorkerNotice.report.withLock { $0 = { logger.warning("\($0)") } }
        let application = Application(
            responder: Responder(service),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        ConnectionGuard(limits: limits, connections: connections, metrics: metrics)
                    ],
                    idleTimeout: .milliseconds(Int64(limits.idleSeconds * 1000)),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
            configuration: ApplicationConfiguration(
                address: .hostname(options.address.host, port: options.address.port),
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: logger)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? options.address.port
                var address = options.address
                address.port = port
                logger.notice("listening", metadata: ["url": "http://\(address)/"])
                for warning in options.warnings { logger.warning("\(warning)") }
                if options.token == nil {
                    logger.notice(
                        "no token: every user of this machine can see the videos and run index jobs (--token-file FILE keeps them out)"
                    )
                }
                onListening(port)
            },
            logger: logger)
        var configuration = ServiceGroupConfiguration(services: [application], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(limits.shutdownSeconds)
        let group = ServiceGroup(configuration: configuration)
        let watch = Task {
            while !shouldStop() { try await Task.sleep(for: .milliseconds(100)) }
            logger.notice("stopping")
            // Streams of events end with their jobs.
            jobs.close()
            await group.triggerGracefulShutdown()
        }
        defer { watch.cancel() }
        try await group.run()
        logger.notice("stopped")
    }
}
