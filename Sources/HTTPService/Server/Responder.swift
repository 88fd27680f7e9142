import HTTPTypes
import Hummingbird
import Library
import Logging
import NIOCore
import Service

/// What is known of a request's connection.
struct Context: Hummingbird.RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The address at the other end, without its port.
    let address: String
    /// What it is counted as: a key of `ClientAddress`.
    let client: String
    let connection: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        connection = source.channel
        address = connection.remoteAddress?.ipAddress ?? "unknown"
        client = ClientAddress.key(address)
    }
}

/// Takes every request through the checks, to its route, and back out with the headers that every answer has.
struct Responder: HTTPResponder {
    private let service: HTTPService
    private let routes: [Route]
    private let check: RequestCheck
    private let rate: RateLimit

    init(_ service: HTTPService) {
        self.service = service
        routes = service.routes()
        check = RequestCheck(address: service.options.address, hostNames: service.options.hostNames)
        rate = RateLimit(rate: service.options.limits.requestsPerSecond)
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        let start = ContinuousClock.now
        service.metrics.began()
        let (route, answer) = await answer(request, context)
        let label = route?.template ?? "other"
        let seconds = (ContinuousClock.now - start).seconds
        let method = Self.methods.contains(request.method) ? request.method.rawValue : "OTHER"
        service.metrics.ended(route: label, method: method, status: answer.status, seconds: seconds)
        let level: Logger.Level = answer.status >= 500 ? .error : answer.status >= 400 ? .notice : .info
        context.logger.log(
            level: level, "request",
            metadata: [
                "route": "\(label)", "method": "\(method)", "status": .stringConvertible(answer.status),
                "ms": .stringConvertible((seconds * 1e6).rounded() / 1e3), "client": "\(context.address)",
            ])
        return response(answer, to: request)
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options]

    /// The route whose path it is, and the answer.
    private func answer(_ request: Request, _ context: Context) async -> (Route?, Answer) {
        if let refusal = check.refusal(of: request) {
            service.metrics.refused(refusal.reason)
            return (nil, refusal.answer)
        }
        if let seconds = rate.refusal(of: context.client) {
            service.metrics.refused("rate")
            return (nil, Refusal.tooMany("too many requests from this address", seconds: seconds).answer)
        }
        guard let target = request.head.path, target.hasPrefix("/") else {
            return (nil, Refusal(400, "bad_target", "the request's target must be a path").answer)
        }
        let path = target.prefix { $0 != "?" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let fitting = routes.compactMap { route in route.parameters(of: Array(parts)).map { (route, $0) } }
        guard !fitting.isEmpty else {
            return (nil, Refusal(404, "not_found", "there is nothing at this path").answer)
        }
        let method: HTTPRequest.Method = request.method == .head ? .get : request.method
        guard let (route, values) = fitting.first(where: { $0.0.method == method }) else {
            let allowed = fitting.flatMap { $0.0.method == .get ? ["GET", "HEAD"] : [$0.0.method.rawValue] }
            return (
                fitting[0].0,
                Refusal(405, "method", "the path has other methods").answer.with(
                    .allow, allowed.joined(separator: ", "))
            )
        }
        if let token = service.token, !route.isOpen, !token.admits(request) {
            service.metrics.refused("token")
            return (
                route,
                Refusal(
                    401, "token", "the token is missing or wrong",
                    hint: "send it as Authorization: Bearer TOKEN"
                ).answer
                    .with(.wwwAuthenticate, "Bearer")
            )
        }
        do {
            let call = Call(
                request: request, path: values, query: try QueryParameters(target.dropFirst(path.count + 1)),
                client: context.client, cancellation: Cancellation())
            if let operation = route.operation, operation.refusesOtherParameters {
                try call.query.only(operation.parameters.filter { !$0.isInPath }.map(\.name))
            }
            service.connections.begin(call.cancellation, for: context.connection)
            defer { service.connections.endWork(for: context.connection) }
            return (route, try await route.handling(call))
        } catch {
            return (route, answer(to: error, context))
        }
    }

    private func answer(to error: any Error, _ context: Context) -> Answer {
        switch error {
        case let refusal as Refusal: return refusal.answer
        case let error as LibraryError: return answer(to: RPCError(error), context)
        case let error as RPCError:
            let failure = Refusal(error, service.folders)
            if failure.status >= 500 {
                context.logger.error("failure", metadata: ["error": "\(error.message)"])
            }
            return failure.answer
        case is CancellationError:
            return Refusal(503, "stopping", "the service is stopping").answer
        default:
            context.logger.error("fault", metadata: ["error": "\(error)"])
            return Refusal(500, "internal", "an internal error; see the log").answer
        }
    }

    private func response(_ answer: Answer, to request: Request) -> Response {
        var headers = HTTPFields()
        for (name, value) in Self.always { headers[name] = value }
        for (name, value) in answer.headers { headers[name] = value }
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
        // A body that was refused unread would be read to its end before the next request.
        let mayHaveBody =
            request.headers[.contentLength].map { $0 != "0" } ?? (request.headers[.transferEncoding] != nil)
        if answer.status >= 400, mayHaveBody { headers[.connection] = "close" }
        let response = Response(status: .init(code: answer.status), headers: headers, body: answer.body)
        guard request.method == .head else { return response }
        return response.withoutBody()
    }

    /// The page runs nothing but its own files, nobody frames it, and nobody else's page gets at what is answered.
    private static let always: [(HTTPField.Name, String)] = [
        (
            .contentSecurityPolicy,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
                + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        (.xContentTypeOptions, "nosniff"),
        (HTTPField.Name("X-Frame-Options").unsafelyUnwrapped, "DENY"),
        (HTTPField.Name("Referrer-Policy").unsafelyUnwrapped, "no-referrer"),
        (HTTPField.Name("Cross-Origin-Resource-Policy").unsafelyUnwrapped, "same-origin"),
        (HTTPField.Name("Cross-Origin-Opener-Policy").unsafelyUnwrapped, "same-origin"),
    ]
}

extension Response {
    /// The head alone, with the length that the body would have.
    fileprivate func withoutBody() -> Response {
        var response = Response(status: status, headers: headers)
        if let length = body.contentLength { response.headers[.contentLength] = String(length) }
        return response
    }
}
