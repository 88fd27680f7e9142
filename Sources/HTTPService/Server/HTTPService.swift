import Base
import HTTPTypes
import Library
import Logging
import Service

/// What every route works with.
final class HTTPService: Sendable {
    let handler: RequestHandler
    let options: HTTPOptions
    let folders: IndexedFolders
    let metrics = Metrics()
    let connections: Connections
    let lanes: Lanes
    let bodies: Bodies
    let uploads = KeptUploads()
    let clientFiles: ClientFiles
    let uploadSlots: Slots
    let followerSlots: Slots
    let comparisonSlots = Slots(1)
    let jobs: IndexJobs
    let token: AccessToken?
    /// The protocol's schema, parsed.
    let schema: JSONValue

    init(handler: RequestHandler, options: HTTPOptions, logger: Logger) {
        self.handler = handler
        self.options = options
        let folders = IndexedFolders(library: handler.library, added: options.folders)
        self.folders = folders
        connections = Connections(options.limits)
        lanes = Lanes(processors: options.processors, waiting: options.limits.waiting)
        bodies = Bodies(
            limits: options.limits, temporaryFolder: options.temporaryFolder, lanes: lanes, metrics: metrics)
        clientFiles = ClientFiles(options)
        uploadSlots = Slots(options.limits.uploads)
        followerSlots = Slots(options.limits.followers)
        token = options.token.map(AccessToken.init)
        do {
            schema = try JSONValue(parsing: ProtocolSchema.text)
        } catch {
            preconditionFailure("the protocol's schema is no JSON")
        }
        jobs = IndexJobs(
            limit: options.limits.jobs,
            run: { (parameters, context) throws(RPCError) in
                var context = context
                context.linksStayWithin = folders.all()
                return try handler.run(.index, parameters, context: context)
            },
            describe: { error in
                logger.warning("an index job failed", metadata: ["error": "\(error.message)"])
                return Refusal(error, folders).json
            })
    }

    /// Every route, in the order of the document.
    func routes() -> [Route] {
        var routes = searchRoutes() + videoRoutes() + duplicateRoutes() + jobRoutes() + systemRoutes()
        let document = OpenAPIDocument.make(
            routes, schema: schema, version: options.version, needsToken: token != nil)
        let bytes = Array(document.prettyPrinted().utf8)
        routes.append(
            Route(method: .get, template: "/openapi.json", operation: nil, isOpen: true) { call in
                try call.query.only([])
                return Answer("application/json", bytes)
            })
        return routes + pageRoutes()
    }

    /// Runs one method of the protocol on a thread of its kind.
    func run(
        _ method: Method, _ parameters: JSONValue, on kind: Lanes.Kind, encoded: EncodedQuery? = nil,
        _ cancellation: Cancellation
    ) async throws -> JSONValue {
        let handler = handler
        return try await lanes.run(kind, cancellation) {
            let context = RequestContext(
                isCancelled: { cancellation.isCancelled }, encodedQuery: encoded)
            return try handler.run(method, parameters, context: context)
        }
    }
}
