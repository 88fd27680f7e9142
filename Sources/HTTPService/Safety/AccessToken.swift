import Base
import Glibc
import HTTPTypes
import Hummingbird
import Synchronization

/// The secret that requests must know, and the sessions of browsers that have shown it.
///
/// Programs send it as `Authorization: Bearer …`. Pages cannot do so for pictures and videos, so the page shows the
/// token once and gets a cookie: a random number that this process alone remembers.
final class AccessToken: Sendable {
    private let token: [UInt8]
    private let sessions = Mutex<[String: ContinuousClock.Instant]>([:])
    private static let mostSessions = 256
    private static let lifetime = Duration.seconds(12 * 3600)
    private static let cookie = "mixtape_session"

    /// Shorter tokens could be guessed.
    static let shortest = 16

    init(_ token: String) { self.token = Array(token.utf8) }

    /// Whether a text is the token; takes the same time wherever they differ.
    func matches(_ text: String) -> Bool {
        let given = Array(text.utf8)
        var difference = UInt8(given.count == token.count ? 0 : 1)
        for place in 0..<token.count {
            difference |= token[place] ^ (place < given.count ? given[place] : 0)
        }
        return difference == 0
    }

    /// Whether a request has the token, or a session's cookie.
    func admits(_ request: Request) -> Bool {
        if let authorization = request.headers[.authorization] {
            // The scheme's name has no case (RFC 9110, 11.1).
            return authorization.prefix(7).lowercased() == "bearer "
                && matches(String(authorization.dropFirst(7)))
        }
        guard let session = Self.session(of: request) else { return false }
        return sessions.withLock { sessions in
            guard let end = sessions[session] else { return false }
            if end > .now { return true }
            sessions[session] = nil
            return false
        }
    }

    /// Begins a session; the value of the Set-Cookie header.
    func beginSession() -> String {
        let session = RandomName.make() + RandomName.make()
        sessions.withLock { sessions in
            if sessions.count >= Self.mostSessions, let oldest = sessions.min(by: { $0.value < $1.value }) {
                sessions[oldest.key] = nil
            }
            sessions[session] = .now + Self.lifetime
        }
        return
            "\(Self.cookie)=\(session); Path=/; HttpOnly; SameSite=Strict; Max-Age=\(Self.lifetime.components.seconds)"
    }

    /// Ends a request's session; the value of the Set-Cookie header.
    func endSession(of request: Request) -> String {
        if let session = Self.session(of: request) { sessions.withLock { $0[session] = nil } }
        return "\(Self.cookie)=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
    }

    private static func session(of request: Request) -> String? {
        for field in request.headers[values: .cookie] {
            for part in field.split(separator: ";") {
                let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if pair.count == 2, pair[0] == cookie { return String(pair[1]) }
            }
        }
        return nil
    }
}
