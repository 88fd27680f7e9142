import ArgumentParser
import Benchmarks
import Library
import SharedIndexing
import VideoEncoding

/// For measuring searches of large libraries that nobody has at hand.
struct MakeIndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make-index", abstract: "Make an index of videos that do not exist.",
        discussion: "Their paths are DIR/synthetic/000001.mp4 and so on; searching for one needs no file.",
        shouldDisplay: false)

    @Argument(
        help: .init("The index folder to make, or a database: postgres://…", valueName: "DIR"),
        completion: .directory)
    var folder: String

    @Option(
        name: .customLong("model"),
        help: .init(
            "The model that the index claims to be made with. (default: MIXTAPE_MODEL, else the one named default)",
            valueName: "MODEL"),
        completion: .directory)
    var modelFolder: String?

    @Option(help: .init("Videos.", valueName: "N"))
    var videos = 100_000

    @Option(help: .init("Clips per video.", valueName: "C"))
    var clips = 4

    @Option(help: .init("Make every N-th video a near copy of the one before.", valueName: "N"))
    var copyEvery: Int?

    @Option(help: .init("Seed of the random numbers.", valueName: "S"))
    var seed: UInt64 = 1

    func validate() throws {
        guard (1...100_000_000).contains(videos), (1...10_000).contains(clips) else {
            throw ValidationError("--videos, --clips: expected whole numbers above 0")
        }
        if let copyEvery, copyEvery < 2 { throw ValidationError("--copy-every: expected 2 or more") }
    }

    func run() throws {
        var places = LibraryPlaces()
        places.modelFolder = modelFolder
        let encoder = try VideoEncoder(folder: places.modelPath())
        Interrupts.catchSignals()
        if PostgresAddress.isOne(folder) {
            try SyntheticIndex.make(
                in: try PostgresAddress(folder), encoder: encoder, videos: videos, clips: clips, seed: seed,
                copyEvery: copyEvery,
                isCancelled: Interrupts.wereReceived)
        } else {
            try SyntheticIndex.make(
                folder: folder, encoder: encoder, videos: videos, clips: clips, seed: seed,
                copyEvery: copyEvery, isCancelled: Interrupts.wereReceived)
        }
        Terminal.note("\(videos) videos, \(videos * clips) clips")
    }
}
