internal import FoundationEssentials

extension [UInt8] {
    /// Decodes base64 with its padding; nil where the text is not base64.
    package init?(base64 text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        self = Array(data)
    }

    /// In base64 (RFC 4648 §4).
    package var base64: String { Data(self).base64EncodedString() }
}
