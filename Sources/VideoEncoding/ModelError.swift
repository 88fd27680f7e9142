/// Why a model cannot be used; names the file, what is wrong and what to do.
public struct ModelError: Error, Sendable, Equatable {
    /// The file or folder.
    public var path: String
    /// What is wrong, without the path.
    public var message: String
    /// What to do, where that is known.
    public var hint: String?

    /// An error about a file or folder of a model.
    public init(path: String, message: String, hint: String? = nil) {
        self.path = path
        self.message = message
        self.hint = hint
    }
}

extension ModelError: CustomStringConvertible {
    /// Path and message.
    public var description: String { "\(path): \(message)" }
}
