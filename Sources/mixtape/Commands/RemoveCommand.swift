import ArgumentParser

struct RemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Forget videos of the index.",
        discussion: "The files themselves stay, so the next index run finds them again.")

    @Argument(help: .init("Videos, or folders of videos, to forget.", valueName: "PATH"), completion: .file())
    var paths: [String]

    @OptionGroup var places: LibraryOptions

    @OptionGroup var wait: WaitOption

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let count = try places.library().remove(paths: paths, waitingSeconds: wait.seconds)
        if json {
            Terminal.data(["removed": .number(count)])
        } else {
            Terminal.data("\(count) removed")
        }
        if count == 0 {
            Terminal.hint("no video in the index has such a path; `mixtape list` prints paths")
        }
    }
}
