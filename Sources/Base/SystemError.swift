import Glibc

/// What the operating system refused.
package struct SystemError: Error, Sendable {
    /// What was tried, in words that follow "cannot", such as "open".
    package var operation: String
    /// As `errno`.
    package var code: Int32

    package init(operation: String, code: Int32 = errno) {
        self.operation = operation
        self.code = code
    }

    /// Such as "cannot open: no such file or directory".
    package var description: String { "cannot \(operation): \(message.lowercased())" }

    /// The C library's words, such as "No such file or directory".
    package var message: String { Self.message(code) }

    /// The C library's words for an error number.
    package static func message(_ code: Int32 = errno) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress, strerror_r(code, base, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: base)
        }
    }
}
