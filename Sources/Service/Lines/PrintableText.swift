/// Text from elsewhere, for terminals.
public enum PrintableText {
    /// The text with all that is neither seen nor a space written as its number. Names of files may hold anything: nothing in
    /// them reaches a terminal as a control sequence, or turns the text about, as U+202E does.
    ///
    /// - Parameter keepsLines: whether line breaks stay.
    public static func of(_ text: String, keepsLines: Bool = false) -> String {
        func isShown(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber,
                .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
                .initialPunctuation, .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol,
                .modifierSymbol, .otherSymbol, .spaceSeparator:
                true
            // Joiners belong to words and emoji.
            case .format: scalar.value == 0x200C || scalar.value == 0x200D
            case .control: keepsLines && scalar == "\n"
            default: false
            }
        }
        guard !text.unicodeScalars.allSatisfy(isShown) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if isShown(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            }
        }
    }
}
