/// How an index tells a stream that somebody chose from a file's main one: by the fingerprint of what it holds, behind which a colon
/// and the stream's number stand. So copies, moved files, decisions and the queue of a shared index tell them apart, too.
public enum ChosenStream {
    /// The fingerprint of a file's stream.
    ///
    /// - Parameters:
    ///   - content: the fingerprint of the file's content.
    ///   - stream: nil for the file's main one.
    public static func fingerprint(of content: String, stream: Int?) -> String {
        stream.map { "\(content):\($0)" } ?? content
    }

    /// The number of the stream that was chosen; nil for the file's main one.
    public static func number(in fingerprint: String) -> Int? {
        guard let colon = fingerprint.firstIndex(of: ":") else { return nil }
        return Int(fingerprint[fingerprint.index(after: colon)...])
    }

    /// The fingerprint of the file's content.
    public static func content(of fingerprint: String) -> String {
        String(fingerprint.prefix { $0 != ":" })
    }
}
