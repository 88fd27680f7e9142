import ArgumentParser
import Base
import Foundation
import Library

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Draw a dozen videos, index them, and find one by an altered copy.",
        discussion: """
            Uses an index of its own, in a folder that is removed at the end unless --keep names one. \
            Prints the ranking, and fails if the original does not rank first.
            """)

    @OptionGroup var model: ModelOption

    @Option(
        help: .init("Keep the videos and the index in this folder.", valueName: "DIR"), completion: .directory
    )
    var keep: String?

    @Flag(help: "Print a table in place of JSON.")
    var table = false

    func run() throws {
        Interrupts.catchSignals()
        let folder = try makeFolder()
        defer { if keep == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let videos = folder + "/videos"

        Terminal.note("drawing \(DemoVideos.graphs.count) videos in \(videos)")
        for (number, video) in DemoVideos.graphs.enumerated() {
            try stopIfInterrupted()
            try FFmpegProgram.run(DemoVideos.drawing(number, into: "\(videos)/\(video.name).mp4"))
        }
        let original = "\(videos)/\(DemoVideos.original).mp4"
        let query = folder + "/query.mp4"
        Terminal.note("altering \(DemoVideos.original).mp4: cropped, smaller, recoloured, few bits")
        try FFmpegProgram.run(DemoVideos.altering(original, into: query))

        var places = model.places
        places.indexFolder = folder + "/index"
        let library = try places.library()
        Terminal.note("indexing")
        let display = ProgressDisplay()
        let summary = try library.index(
            IndexRequest(folders: [videos]), progress: display.show, isCancelled: Interrupts.wereReceived)
        display.clear()
        try stopIfInterrupted()
        guard summary.progress.indexed == DemoVideos.graphs.count else {
            throw CommandError(
                message: "only \(summary.progress.indexed) of \(DemoVideos.graphs.count) videos were indexed",
                hint: "`mixtape demo --keep DIR`, then `mixtape info --failures --index DIR/index`")
        }

        Terminal.note("searching with the altered copy")
        var request = SearchRequest(video: query)
        request.limit = 5
        let response = try library.search(request, isCancelled: Interrupts.wereReceived)
        if table { Terminal.data(SearchTable.text(response)) } else { Terminal.data(response.json) }
        guard response.matches.first?.video.identity.path.hasSuffix("/\(DemoVideos.original).mp4") == true
        else {
            throw CommandError(
                message: "the original does not rank first",
                hint: "the model or the program is at fault")
        }
        Terminal.note("the original ranks first; now yours: mixtape index FOLDER, then mixtape search VIDEO")
    }

    private func stopIfInterrupted() throws {
        if Interrupts.wereReceived() { throw Interrupts.exitCode }
    }

    /// With a folder for the videos in it.
    private func makeFolder() throws -> String {
        let folder =
            keep ?? FileManager.default.temporaryDirectory.path + "/mixtape-demo-" + RandomName.make()
        if FileStatus(path: folder + "/videos") != nil {
            throw CommandError(
                message: "\(folder)/videos: already exists",
                hint: "delete it, or name another folder with --keep")
        }
        do throws(SystemError) { try Folder.make(folder + "/videos") } catch {
            throw CommandError(
                message: "\(folder): \(error.description)", hint: "name a writable folder")
        }
        return folder
    }
}
