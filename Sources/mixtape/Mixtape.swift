import ArgumentParser
import Glibc
import Service
import Tensors

/// The program: reads the command line, runs one command, and turns errors into text and an exit code.
@main
enum Program {
    static func main() {
        OpenBLASProcessor.choose()
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
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
        } catch let error as LibraryError {
            if error.kind == .cancelled { return Interrupts.exitCode }
            Terminal.report(error.message, hint: error.hint ?? Hints.hint(for: error))
        } catch let error as CommandError {
            Terminal.report(error.message, hint: error.hint)
        } catch let code as ExitCode {
            return code
        } catch {
            return report(fromParser: error)
        }
        return .failure
    }

    /// Help and version go to standard output and are no errors; the rest is a wrong command line.
    private static func report(fromParser error: any Error) -> ExitCode {
        let message = Mixtape.fullMessage(for: error)
        if Mixtape.exitCode(for: error).isSuccess {
            Terminal.data(message)
            return .success
        }
        let text = message.hasPrefix("Error: ") ? "error: " + message.dropFirst("Error: ".count) : message
        Terminal.note(text)
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
        version: "0.1.0",
        subcommands: [
            IndexCommand.self, WatchCommand.self, WorkCommand.self, SearchCommand.self,
            DuplicatesCommand.self, ListCommand.self, ServeCommand.self,
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
