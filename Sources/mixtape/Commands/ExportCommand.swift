import ArgumentParser
import Indexing
import Library

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Export the index as NumPy arrays.",
        discussion: """
            Writes means.npy and log_variances.npy (one row per clip), video_means.npy and video_log_variances.npy (one row \
            per video), paths.txt (one line per video) and clips.csv (one line per clip: the row of its video in \
            paths.txt, from 0, and its interval in seconds) into OUT. Replaces an earlier export.
            """)

    @Argument(help: .init("The folder to write to.", valueName: "OUT"))
    var out: String

    @OptionGroup var places: LibraryOptions

    @Flag(help: "Also replace files with these names that mixtape did not write.")
    var replace = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let index = try places.library().index()
        Interrupts.catchSignals()
        let written = try Exporter(index: index, folder: out, replacing: replace).run()
        if json {
            Terminal.data([
                "folder": .string(out), "videos": .number(written.videos), "clips": .number(written.clips),
            ])
        } else {
            Terminal.data("\(written.videos) videos, \(written.clips) clips written to \(out)")
        }
    }
}
