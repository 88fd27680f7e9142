import ArgumentParser

struct DuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "duplicates",
        abstract: "Find groups of videos that share footage.",
        discussion: """
            Every video of a group matches its centre, and no video is in two groups. Suggests which one to keep, and \
            why. Changes no file: that takes a plan and `mixtape apply`. Rejected pairs are remembered by content, even \
            if the files move.

              mixtape duplicates
              mixtape duplicates reject a.mp4 b.mp4
              mixtape duplicates --plan plan.json
            """,
        subcommands: [
            FindDuplicatesCommand.self, RejectDuplicatesCommand.self, RestoreDuplicatesCommand.self,
            DuplicateDecisionsCommand.self,
        ], defaultSubcommand: FindDuplicatesCommand.self)
}
