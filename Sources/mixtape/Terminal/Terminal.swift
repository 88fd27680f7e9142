import Base
import Glibc
import Service

/// Data to standard output, everything else to standard error.
enum Terminal {
    /// Writes data and a line break.
    static func data(_ text: String) { data(lines: text + "\n") }

    /// Writes lines with their line breaks; what cannot be written is a failure, since the caller relies on it.
    static func data(lines: String) { data(bytes: Array(lines.utf8)) }

    /// Writes bytes as they are, and all of them.
    static func data(bytes: [UInt8]) {
        guard write(bytes, to: STDOUT_FILENO) else {
            let message = SystemError.message()
            report("standard output: \(message)", hint: "check that the disk it goes to has room")
            exit(ExitCode.failure.rawValue)
        }
    }

    /// Writes JSON: over several lines for people, on one line for programs.
    static func data(_ value: JSONValue) {
        data(Settings.current.outputIsTerminal ? value.prettyPrinted() : value.serialized())
    }

    /// Tells the user something.
    static func note(_ text: String) {
        _ = write(text + "\n", to: STDERR_FILENO)
    }

    /// Tells the user what went wrong and what to do.
    static func report(_ message: String, hint: String?) {
        let settings = Settings.current
        let coloured = settings.errorsAreTerminal && settings.allowsColour
        note(style("error:", coloured ? .red : .plain) + " " + PrintableText.of(message, keepsLines: true))
        if let hint { self.hint(hint) }
    }

    /// Tells the user what to do. Commands stand between backticks, and get the options of this command line.
    static func hint(_ text: String) {
        let settings = Settings.current
        let coloured = settings.errorsAreTerminal && settings.allowsColour
        note(
            style("hint:", coloured ? .cyan : .plain) + " "
                + PrintableText.of(Hints.complete(text), keepsLines: true))
    }

    /// SGR parameters of the styles in use.
    enum Style: String {
        case plain = ""
        case bold = "1"
        case red = "1;31"
        case cyan = "36"
    }

    static func style(_ text: String, _ style: Style) -> String {
        style == .plain ? text : "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }

    /// Styled where standard output is a terminal that shows it.
    static func styledForOutput(_ text: String, _ style: Style) -> String {
        let settings = Settings.current
        return settings.outputIsTerminal && settings.allowsColour ? self.style(text, style) : text
    }

    /// A name, or words, from elsewhere, on one line.
    static func printable(_ text: String) -> String { PrintableText.of(text) }

    /// Columns of the terminal on standard error.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    static func write(_ text: String, to descriptor: Int32) -> Bool {
        write(Array(text.utf8), to: descriptor)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { (try? FileBytes.write($0, to: descriptor)) != nil }
    }
}
