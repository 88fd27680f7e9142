import Base

/// Which program this is, for people and for clients.
public enum ProgramVersion {
    /// The program's version.
    public static let text = "0.2.0"
    /// That of the protocol: it grows where a client that knows the one before could misread an answer.
    static let protocolNumber = 1

    /// The result of the method `version`.
    static let json: JSONValue = ["version": .string(text), "protocol": .number(protocolNumber)]
}
