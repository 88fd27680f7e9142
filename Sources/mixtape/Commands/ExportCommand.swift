import ArgumentParser
import Indexing
import Service

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the index out as NumPy arrays.",
        discussion: """
            OUT receives means.npy and log_variances.npy (one row a clip), video_means.npy and \
            video_log_variances.npy (one row a video), paths.txt (one line a video) and clips.csv (one line \
            a clip: the row of its video in paths.txt, from 0, and its interval in seconds). An earlier export is \
            written over.
            """)

    @Argument(help: .init("The folder to write to.", valueName: "OUT"))
    var out: String

    @OptionGroup var places: LibraryOptions

    @Flag(help: "Write over other files of these names.")
    var replace = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let index = try places.library().index()
        Interrupts.catchSignals()
        let written: (videos: Int, clips: Int)
        do {
            written = try Exporter(index: index, folder: out, replacing: replace).run()
        } catch let error as IndexError {
            throw LibraryError(error)
        }
        if json {
            Terminal.data([
                "folder": .string(out), "videos": .number(written.videos), "clips": .number(written.clips),
            ])
        } else {
            Terminal.data("\(written.videos) videos, \(written.clips) clips written to \(out)")
        }
    }
}
