import ArgumentParser

struct DuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplicates",
        abstract: "Find groups of videos that share footage.",
        discussion: """
            Every video of a group matches its centre, and no video is in two groups. Suggests which one to keep, and \
            why. Deletes nothing. Rejected pairs are remembered by content, even if the files move.

              mixtape duplicates
              mixtape duplicates reject a.mp4 b.mp4
            """,
        subcommands: [
            FindDuplicatesCommand.self, RejectDuplicatesCommand.self, RestoreDuplicatesCommand.self,
            DuplicateDecisionsCommand.self,
        ], defaultSubcommand: FindDuplicatesCommand.self)
}
