/// Whom a bound on one client holds: its address, without what one client changes at will.
package enum ClientAddress {
    /// What all programs of this machine, and a proxy on it, are counted as.
    package static let loopback = "loopback"

    /// The key under which an address is counted: an IPv4 address also where a socket for both families wrote it, of an
    /// IPv6 address the network of 64 bits that one client has, and `loopback` for all addresses of this machine.
    package static func key(_ address: String) -> String {
        let text = address.lowercased().prefix { $0 != "%" }
        let mapped = "::ffff:"
        let host = text.hasPrefix(mapped) ? String(text.dropFirst(mapped.count)) : String(text)
        if HostName.isLoopback(host) { return loopback }
        return HostName.network(ofIPv6: host) ?? host
    }
}

extension HTTPLimits {
    /// Connections that one client may have.
    ///
    /// - Parameter client: a key of `ClientAddress`.
    package func connections(of client: String) -> Int {
        share(of: connections, for: client, each: connectionsOfOneAddress)
    }

    /// Of a few places for what takes long, how many one client may have: a quarter, and loopback all but a quarter.
    package func share(of places: Int, for client: String) -> Int {
        share(of: places, for: client, each: max(1, places / 4))
    }

    private func share(of places: Int, for client: String, each: Int) -> Int {
        guard connectionsOfOneAddress > 0 else { return .max }
        return client == ClientAddress.loopback ? max(each, places - each) : each
    }
}
