import Glibc

/// What the program's exit status says.
enum ExitCode: Int32, Error {
    /// Done. An index run is done even where some files could not be read; it says how many.
    case success = 0
    /// Not done; the reason is on standard error.
    case failure = 1
    /// The command line is wrong (EX_USAGE of sysexits).
    case usage = 64
    /// Ended by Ctrl-C: 128 + SIGINT.
    case interrupted = 130
    /// Ended by SIGTERM: 128 + SIGTERM.
    case terminated = 143
}

/// A failure of a command itself, not of the library beneath.
struct CommandError: Error {
    var message: String
    var hint: String?
}
