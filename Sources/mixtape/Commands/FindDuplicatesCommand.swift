import ArgumentParser
import Base
import Cleanup
import Library
import Retrieval

struct FindDuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "Find groups of videos that share footage. (default)",
        discussion: """
            Groups with the most videos come first. Interrupt it at any time: it changes nothing.
            """)

    @OptionGroup var places: LibraryOptions

    @Option(
        help: .init(
            "The lowest score of duplicates, between 0 and 1. (default: the model's threshold)",
            valueName: "P"))
    var minScore: Double?

    @Option(help: .init("The largest distance of duplicates.", valueName: "D"))
    var maxDistance: Double?

    @Option(help: .init("The most groups to print. (default: all)", valueName: "N"))
    var limit: Int?

    @OptionGroup(title: "What to keep") var keeping: KeepOptions

    @OptionGroup(title: "A plan to clean up by") var planning: PlanOptions

    @Flag(help: "Also list videos that look alike and are not the same.")
    var similar = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var report: ReportOptions

    func validate() throws {
        if let limit, !(1...1_000_000).contains(limit) {
            throw ValidationError("--limit: expected 1 to 1000000")
        }
        if let maxDistance, !(maxDistance >= 0) {
            throw ValidationError("--max-distance: expected 0 or more")
        }
        if let minScore, !(minScore > 0 && minScore < 1) {
            throw ValidationError("--min-score: expected a number between 0 and 1")
        }
    }

    func run() throws {
        let library = try places.library()
        let page = try report.file()
        var request = DuplicatesRequest()
        request.minimumScore = minScore
        request.maximumDistance = maxDistance
        request.limit = limit
        request.listsSimilar = similar
        request.rules = try keeping.rules()
        Interrupts.catchSignals()
        let display = DuplicatesDisplay()
        let response: DuplicatesResponse
        do {
            defer { display.clear() }
            response = try library.duplicates(
                request, progress: display.show, isCancelled: Interrupts.wereReceived)
        }
        try planning.write(response)
        if let page { try page.write(DuplicatesReport(response, library: library).page) }
        if json { return Terminal.data(response.json) }
        if response.groups.isEmpty {
            Terminal.note("no duplicates among \(response.found.videos) videos")
        } else {
            Terminal.data(DuplicatesDisplay.table(response))
        }
        if !response.found.similar.isEmpty { Terminal.data(DuplicatesDisplay.similar(response)) }
        let hidden = response.found.groups.count - response.groups.count
        if hidden > 0 { Terminal.note("\(hidden) more groups; --limit prints more") }
        let blank = response.found.uninformative.count
        if blank > 0 {
            Terminal.note(
                "\(blank) videos (black or blank) could only be checked for identical files; --json lists them"
            )
        }
    }
}
