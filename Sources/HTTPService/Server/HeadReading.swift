import Base
import HTTPTypes
import Hummingbird
import Isolation
import Library
import Logging
import NIOCore
import Service

/// What the service makes of a request's head, without a connection and without answering it: for whoever holds its readers against
/// heads of any kind.
package struct HeadReading {
    /// Whether the request is for somebody else, or from a foreign page.
    package var isRefused: Bool
    /// Whether it shows the token.
    package var isAdmitted: Bool
    /// The host that it is meant for, and its port, where it names one.
    package var host: (name: String, port: Int?)?
    /// The route, and the number in its path, where there is one.
    package var route: (template: String, number: Int64?)?
    /// Its parameters as the protocol's, each name's value as a number where it is one; nil where they can't be read.
    package var parameters: JSONValue?
    /// The bytes that it asks of files of these sizes; nil for the whole file, or none of it.
    package var ranges: [(size: Int, range: Range<Int>?)]

    /// Sizes of files to ask ranges of.
    private static let sizes = [0, 1, 1000, 1 << 40, Int.max]

    /// Those of a service that is never asked anything.
    package struct Readers: Sendable {
        fileprivate let routes: [Route]
        fileprivate let check: RequestCheck
        fileprivate let token: AccessToken

        /// Opens nothing.
        package init(token: String, hostNames: [String]) {
            guard let address = ListenAddress("127.0.0.1:8377") else { preconditionFailure("no address") }
            var options = HTTPOptions(
                address: address, worker: WorkerProgram(executable: "/none", arguments: []),
                modelFolder: "/none")
            options.token = token
            let library = VideoLibrary(LibraryConfiguration(indexFolder: "/none", modelFolder: "/none"))
            routes = HTTPService(
                handler: RequestHandler(library: library), options: options, logger: Logger(label: "none")
            ).routes()
            check = RequestCheck(address: address, hostNames: hostNames)
            self.token = AccessToken(token)
        }
    }

    /// Reads a head; nil where HTTP's own reader would not have taken it.
    ///
    /// - Parameters:
    ///   - target: of the request line.
    ///   - fields: names and values; that of `Host` among them.
    package init?(
        method: String, target: String, fields: [(name: String, value: String)], by readers: Readers
    ) {
        guard let method = HTTPRequest.Method(method), fields.allSatisfy({ HTTPField.isValidValue($0.value) })
        else { return nil }
        // A second one stays among the fields.
        let place = fields.firstIndex { $0.name.lowercased() == "host" }
        let authority = place.map { fields[$0].value }
        var head = HTTPRequest(method: method, scheme: "http", authority: authority, path: target)
        for (number, field) in fields.enumerated() where number != place {
            guard let name = HTTPField.Name(field.name) else { return nil }
            head.headerFields.append(HTTPField(name: name, value: field.value))
        }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        isRefused = readers.check.refusal(of: request) != nil
        isAdmitted = readers.token.admits(request)
        host = authority.flatMap(HostName.split).map { ($0.host, $0.port) }
        let path = target.prefix { $0 != "?" }
        let parts = Array(path.split(separator: "/", omittingEmptySubsequences: false).dropFirst())
        let query = try? QueryParameters(target.dropFirst(path.count + 1))
        if let query,
            let (found, values) = readers.routes.lazy.compactMap({ route in
                route.parameters(of: parts).map { (route, $0) }
            }).first
        {
            let call = Call(
                request: request, path: values, query: query, client: "", cancellation: Cancellation())
            route = (found.template, try? call.number("id"))
        }
        parameters = query.flatMap { query in
            let names = Set(query.names)
            return (try? query.json(numbers: names)) ?? (try? query.json())
        }
        let range = request.headers[.range]
        ranges = Self.sizes.map { size in
            guard case .part(let part) = FileAnswer.wanted(range, size: size) else { return (size, nil) }
            return (size, part)
        }
    }
}
