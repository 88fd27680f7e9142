import Glibc

/// Where the service listens, as `--http` names it: a numeric address and a port.
///
/// A name would have to be looked up, and what it leads to may change; so only `localhost` is taken, for 127.0.0.1.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// An IPv4 or IPv6 address in figures.
    public var host: String
    /// 0 lets the system choose one.
    public var port: Int

    /// Reads `127.0.0.1:8377`, `[::1]:8377`, `localhost:8377`, or a port alone, which is 127.0.0.1's; nil for anything else.
    public init?(_ text: String) {
        var host = "127.0.0.1"
        var port = Substring(text)
        if let colon = text.lastIndex(of: ":") {
            host = String(text[..<colon])
            port = text[text.index(after: colon)...]
            if host == "localhost" { host = "127.0.0.1" }
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = String(host.dropFirst().dropLast())
                guard HostName.isIPv6(host) else { return nil }
            } else {
                guard HostName.isIPv4(host) else { return nil }
            }
        }
        guard let number = Int(port), (0...65535).contains(number),
            port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { return nil }
        self.host = host
        self.port = number
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool { HostName.isLoopback(host) }

    /// As a URL's authority.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What a request's Host header, or an origin's host, may be.
enum HostName {
    static func isIPv4(_ host: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1
    }

    static func isIPv6(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, host, &address) == 1
    }

    /// The first half of an IPv6 address, in figures of a base of 16; nil for what is none.
    static func network(ofIPv6 host: String) -> String? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, host, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { bytes in
            bytes.prefix(8).map { String(256 + Int($0), radix: 16).dropFirst() }.joined() + "/64"
        }
    }

    /// 127.0.0.0/8, ::1 and `localhost`.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        return isIPv4(host) && host.hasPrefix("127.")
    }

    /// Takes an authority apart; nil where it is none. The host comes in lower case, without brackets.
    static func split(_ authority: String) -> (host: String, port: Int?)? {
        var rest = Substring(authority)
        let host: Substring
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = rest[rest.index(after: rest.startIndex)..<end]
            guard isIPv6(String(host)) else { return nil }
            rest = rest[rest.index(after: end)...]
        } else {
            host = rest.prefix { $0 != ":" }
            rest = rest[host.endIndex...]
        }
        guard !host.isEmpty else { return nil }
        guard !rest.isEmpty else { return (host.lowercased(), nil) }
        guard rest.first == ":", rest.count > 1,
            rest.dropFirst().utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let port = Int(rest.dropFirst()), port <= 65535
        else { return nil }
        return (host.lowercased(), port)
    }
}
