import HTTPTypes
import Hummingbird

/// Whether a request was meant for this service, by somebody who may see its answer.
///
/// A page from elsewhere can have a browser send requests here. Where its name was made to lead to this address
/// (DNS rebinding), the Host header still carries that name; where it asks for this address outright, browsers say
/// so in Origin and Sec-Fetch-Site.
struct RequestCheck: Sendable {
    private let isLoopbackOnly: Bool
    private let hostNames: Set<String>

    init(address: ListenAddress, hostNames: [String]) {
        isLoopbackOnly = address.isLoopback
        self.hostNames = Set(hostNames.map { $0.lowercased() })
    }

    /// Nil where the request may go on.
    func refusal(of request: Request) -> (answer: Answer, reason: String)? {
        // The first Host header is the authority; a second one stays among the fields.
        guard let authority = request.head.authority, request.headers[.host] == nil,
            let host = HostName.split(authority), admits(host.host)
        else {
            return (Refusal(421, "wrong_host", "the Host header does not name this service").answer, "host")
        }
        if let origin = request.headers[.origin], !isOwn(origin, authority) {
            return (Self.foreign.answer, "origin")
        }
        if let site = request.headers[.secFetchSite], site != "same-origin", site != "none" {
            // Following a link to the page is harmless: whoever set the link does not see where it led.
            let opensPage =
                request.method == .get && request.uri.path == "/"
                && request.headers[.secFetchMode] == "navigate"
                && request.headers[.secFetchDestination] == "document"
            if !opensPage {
                return (Self.foreign.answer, "origin")
            }
        }
        return nil
    }

    private static let foreign = Refusal(
        403, "foreign_origin", "the request comes from another site's page")

    /// Addresses in figures cannot be rebound: only a name can lead somewhere else.
    private func admits(_ host: String) -> Bool {
        if hostNames.contains(host) { return true }
        if HostName.isLoopback(host) { return true }
        return !isLoopbackOnly && (HostName.isIPv4(host) || HostName.isIPv6(host))
    }

    /// The scheme may differ: a proxy may speak TLS.
    private func isOwn(_ origin: String, _ authority: String) -> Bool {
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            return origin.dropFirst(scheme.count).lowercased() == authority.lowercased()
        }
        return false
    }
}

extension HTTPField.Name {
    static let host = HTTPField.Name("Host").unsafelyUnwrapped
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site").unsafelyUnwrapped
    static let secFetchMode = HTTPField.Name("Sec-Fetch-Mode").unsafelyUnwrapped
    static let secFetchDestination = HTTPField.Name("Sec-Fetch-Dest").unsafelyUnwrapped
}
