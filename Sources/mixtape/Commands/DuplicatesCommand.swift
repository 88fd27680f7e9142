import ArgumentParser

struct DuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplicates",
        abstract: "Find groups of videos that share footage.",
        discussion: """
            Every video of a group matches its centre; none is in two groups. The one to keep is suggested with \
            the reason. Nothing is deleted. What you say is no match is remembered by content, wherever the files go.

              mixtape duplicates
              mixtape duplicates reject a.mp4 b.mp4
            """,
        subcommands: [
            FindDuplicatesCommand.self, RejectDuplicatesCommand.self, RestoreDuplicatesCommand.self,
            DuplicateDecisionsCommand.self,
        ], defaultSubcommand: FindDuplicatesCommand.self)
}
