import ArgumentParser
import Base
import Cleanup
import Evaluation
import Glibc
import Indexing
import Library
import Service
import Tensors
import VideoEncoding

/// The program: reads the command line, runs one command, and turns errors into text and an exit code.
@main
enum Program {
    static func main() {
        OpenBLASProcessor.choose()
        occupyStandardDescriptors()
        raiseFileLimit()
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    /// Where one of the first three descriptors is closed, the next file that is opened would pass for it. What takes its place cannot be
    /// used, and says so.
    private static func occupyStandardDescriptors() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Each worker process takes some open files here, and machines of hundreds of processors have hundreds; the usual limit of
    /// 1,024 may be raised by anybody.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 1 << 16))
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func run(_ arguments: [String]) -> ExitCode {
        do {
            if let problem = CommandNames.problem(arguments) {
                Terminal.report(problem.message, hint: problem.hint)
                return .usage
            }
            var command = try Mixtape.parseAsRoot(arguments == ["-V"] ? ["--version"] : arguments)
            Hints.note(command)
            try command.run()
            return .success
        } catch let error as CleanupError {
            if error.reason == .cancelled { return Interrupts.exitCode }
            Terminal.report(error.message, hint: error.hint)
        } catch let error as CommandError {
            Terminal.report(error.message, hint: error.hint)
        } catch let error as EvaluationError {
            Terminal.report(error.message, hint: error.hint)
        } catch let code as ExitCode {
            return code
        } catch {
            guard let error = libraryError(error) else { return report(fromParser: error) }
            if error.kind == .cancelled { return Interrupts.exitCode }
            Terminal.report(error.message, hint: error.hint ?? Hints.hint(for: error))
        }
        return .failure
    }

    /// An error of the library, or what it makes of that of a file, an index or a model; nil for any other.
    private static func libraryError(_ error: any Error) -> LibraryError? {
        switch error {
        case let error as LibraryError: error
        case let error as VideoError: LibraryError(error)
        case let error as IndexError: LibraryError(error)
        case let error as ModelError: LibraryError(error)
        default: nil
        }
    }

    /// Help and version go to standard output and are no errors; the rest is a wrong command line.
    private static func report(fromParser error: any Error) -> ExitCode {
        let message = Mixtape.fullMessage(for: error)
        if Mixtape.exitCode(for: error).isSuccess {
            // The processor is asked only where its features are to be shown.
            Terminal.data(message == ProgramVersion.text ? VersionText.text : message)
            return .success
        }
        let text = message.hasPrefix("Error: ") ? "error: " + message.dropFirst("Error: ".count) : message
        Terminal.note(PrintableText.of(text, keepsLines: true))
        return .usage
    }
}

/// The command line.
struct Mixtape: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixtape",
        abstract: "Search videos by example.",
        discussion: """
            Index a folder once, then ask which of its videos look most like another one.

              mixtape index ~/Videos
              mixtape search clip.mp4

            Results go to standard output, everything else to standard error.
            Exit codes: 0 done, 1 failed, 64 wrong command line, 130 interrupted. -V is short for --version.
            """,
        version: ProgramVersion.text,
        subcommands: [
            IndexCommand.self, WatchCommand.self, WorkCommand.self, SearchCommand.self,
            DuplicatesCommand.self, ApplyCommand.self, UndoCommand.self, ListCommand.self, ServeCommand.self,
            InfoCommand.self,
            RemoveCommand.self,
            EncodeCommand.self, ImportCommand.self, CandidatesCommand.self, ExportCommand.self,
            TrainCommand.self, EvaluateCommand.self, DemoCommand.self,
            WorkerCommand.self,
        ],
        groupedSubcommands: [
            CommandGroup(name: "Developer", subcommands: [ModelCommand.self, BenchmarkCommand.self])
        ])
}
