import ArgumentParser
import Indexing

extension VideoListing.Order: ExpressibleByArgument {}

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the videos of the index.",
        discussion: """
            Lists the videos that can be found, even if their files are missing now. mixtape info --failures lists the \
            files that could not be indexed.

              mixtape list --path 'holiday/**' --order duration --descending --limit 10
            """)

    @OptionGroup var places: LibraryOptions

    @Option(
        help: .init(
            "Only videos with this text in their path, ignoring the case of A to Z.", valueName: "TEXT")
    )
    var text = ""

    @OptionGroup(title: "Filters") var filters: FilterOptions

    @Option(help: .init("The most videos to list. (default: all)", valueName: "N"))
    var limit: Int?

    @Option(help: .init("path, duration, size or modified; ties by path.", valueName: "ORDER"))
    var order = VideoListing.Order.path

    @Flag(help: "Largest, longest or latest first.")
    var descending = false

    @Flag(help: "Print one line of JSON per video.")
    var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit: expected 1 or more") }
    }

    func run() throws {
        var listing = VideoListing()
        listing.text = text
        listing.order = order
        listing.isDescending = descending
        let library = try places.library()
        Interrupts.catchSignals()
        var count = 0
        try library.eachPage(
            of: listing, filter: filters.filter, limit: limit, isCancelled: Interrupts.wereReceived
        ) { videos in
            if json {
                Terminal.data(lines: videos.map { $0.json.serialized() + "\n" }.joined())
            } else {
                Terminal.data(Self.table(videos, hasHeader: count == 0))
            }
            count += videos.count
        }
        if count == 0 { Terminal.note("no videos") }
    }

    private static func table(_ videos: [IndexedVideo], hasHeader: Bool) -> String {
        let rows = videos.map { video in
            [
                video.facts.duration.map(TimeText.clock) ?? "?",
                "\(video.facts.width)×\(video.facts.height)", SizeText.rough(video.identity.size),
                DateText.minute(nanoseconds: video.identity.modified),
                Terminal.printable(video.identity.path),
            ]
        }
        let text = TextTable.text(["duration", "picture", "size", "modified", "path"], rows)
        return hasHeader ? text : text.split(separator: "\n").dropFirst().joined(separator: "\n")
    }
}
