import ArgumentParser
import Distributions
import Retrieval
import Service

extension SamplingMode: ExpressibleByArgument {}

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Rank the index by distance to a video.",
        discussion: """
            The video may be any file, a part of one (--from, --to), or one that the index holds, which \
            needs no decoding. A smaller distance is nearer; the video itself has distance 0. The score, \
            where the model has one, is the probability that both share footage. \
            Times are seconds, m:s or h:m:s.
            """)

    @Argument(help: .init("The video to search for.", valueName: "VIDEO"))
    var video: String

    @OptionGroup var places: LibraryOptions

    @Option(help: .init("The most matches to print.", valueName: "N"))
    var limit = 10

    @Option(help: .init("Leave out matches farther away.", valueName: "D"))
    var maxDistance: Double?

    @Option(help: .init("Leave out matches with a lower score, between 0 and 1.", valueName: "P"))
    var minScore: Double?

    @Option(help: .init("Where the part to search for starts.", valueName: "TIME"))
    var from: TimeArgument?

    @Option(help: .init("Where the part to search for stops.", valueName: "TIME"))
    var to: TimeArgument?

    @Flag(help: "Leave the video's own file out of the matches.")
    var excludeSelf = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Option(
        help: .init(
            "How samples are drawn: matched (no sampling error) or iid (the paper's).", valueName: "MODE"))
    var mode = SamplingMode.matched

    @Option(help: .init("Samples a video, with --mode iid.", valueName: "K"))
    var samples = 8

    @Option(help: .init("Weight of the distance between samples.", valueName: "X"))
    var lambda = 1.0

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit: expected 1 to 100000") }
        guard (1...4096).contains(samples) else { throw ValidationError("--samples: expected 1 to 4096") }
        guard (0...1e6).contains(lambda) else { throw ValidationError("--lambda: expected 0 to 1000000") }
        if let maxDistance, !(maxDistance >= 0) {
            throw ValidationError("--max-distance: expected 0 or more")
        }
        if let minScore, !(minScore > 0 && minScore < 1) {
            throw ValidationError("--min-score: expected a number between 0 and 1")
        }
        if let to, to.seconds <= from?.seconds ?? 0 {
            throw ValidationError("--to: expected a time after --from")
        }
    }

    func run() throws {
        let library = try places.library()
        var request = SearchRequest(video: video)
        request.from = from?.seconds
        request.to = to?.seconds
        request.limit = limit
        request.maximumDistance = maxDistance
        request.minimumScore = minScore
        request.excludesSelf = excludeSelf
        request.sampling = mode
        request.sampleCount = samples
        request.lambda = lambda
        Interrupts.catchSignals()
        let response = try library.search(request, isCancelled: Interrupts.wereReceived)
        if json {
            Terminal.data(response.json)
        } else if response.matches.isEmpty {
            Terminal.note("no matches")
        } else {
            Terminal.data(Self.table(response))
        }
    }

    /// The column of scores is there where the model has any.
    private static func table(_ response: SearchResponse) -> String {
        let hasScores = response.calibration != nil
        let rows = response.matches.map { match in
            let score = response.score(of: match).map { [TimeText.fixed($0, decimals: 2)] } ?? []
            return [String(match.rank)] + score + [
                TimeText.fixed(match.distance, decimals: 3),
                match.video.facts.duration.map(TimeText.clock) ?? "?",
                Terminal.printable(match.video.identity.path),
            ]
        }
        let header = ["rank"] + (hasScores ? ["score"] : []) + ["distance", "duration", "path"]
        let last = header.count - 1
        let widths = (0..<last).map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = (0..<last).map {
                String(repeating: " ", count: widths[$0] - cells[$0].count) + cells[$0]
            }
            return (padded + [cells[last]]).joined(separator: "  ")
        }
        return ([Terminal.styledForOutput(line(header), .bold)] + rows.map(line)).joined(separator: "\n")
    }
}
