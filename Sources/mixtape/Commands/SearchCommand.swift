import ArgumentParser
import Distributions
import Library
import Retrieval

extension SamplingMode: ExpressibleByArgument {}
extension SearchGranularity: ExpressibleByArgument {}

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Rank the index by distance to a video.",
        usage: """
            mixtape search VIDEO ... [OPTIONS]
            mixtape search --batch FILE [OPTIONS]
            """,
        discussion: """
            The video may be any file or a part of one (--from, --to). An indexed video needs no decoding. The smaller \
            the distance, the more similar the videos; a video has distance 0 to itself. The score is the probability \
            that both show the same footage, if the model has scores. Times are seconds, m:s or h:m:s.

            Several videos are searched for one by one; --json prints one line per video. --batch reads more queries, and \
            answers each as soon as its line arrives: a path, or a JSON object with the members of a search request \
            of mixtape serve ({"video":"a.mp4","from":5,"limit":3}), which override the options given here. --like adds \
            examples to the query. --unlike moves down videos that are closer to that example than to the query.
            """)

    @Argument(help: .init("The videos to search for.", valueName: "VIDEO"), completion: .file())
    var videos: [String] = []

    @Option(
        help: .init(
            "Also search for the videos of this list, one per line; - is standard input.", valueName: "FILE"),
        completion: .file())
    var batch: String?

    @OptionGroup var places: LibraryOptions

    @Option(help: .init("The most matches to print.", valueName: "N"))
    var limit = 10

    @Option(help: .init("Leave out matches with a larger distance.", valueName: "D"))
    var maxDistance: Double?

    @Option(help: .init("Leave out matches with a lower score, between 0 and 1.", valueName: "P"))
    var minScore: Double?

    @Option(help: .init("Start of the part to search for.", valueName: "TIME"))
    var from: TimeArgument?

    @Option(help: .init("End of the part to search for.", valueName: "TIME"))
    var to: TimeArgument?

    @OptionGroup var stream: StreamOption

    @Option(
        help: .init("A further example to search for. May be repeated.", valueName: "VIDEO"),
        completion: .file())
    var like: [String] = []

    @Option(
        help: .init("An example of unwanted videos. May be repeated.", valueName: "VIDEO"),
        completion: .file())
    var unlike: [String] = []

    @Flag(help: "Leave out the query's own file, and those of the examples.")
    var excludeSelf = false

    @OptionGroup(title: "Filters") var filters: FilterOptions

    @Flag(
        help: .init(
            "Also look for the video turned by 90°, 180° and 270° and with inverted colours, which is otherwise done "
                + "only if nothing shares footage with it."))
    var thorough = false

    @Option(
        help: .init(
            "For a shared index: compare only the N videos that the server finds nearest; 0 takes as many as mixtape candidates found to be enough.",
            valueName: "N"))
    var candidates: Int?

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var report: ReportOptions

    @Option(
        help: .init(
            "How samples are drawn: matched (no sampling error) or iid (as in the paper).", valueName: "MODE")
    )
    var mode = SamplingMode.matched

    @Option(help: .init("Samples per video, with --mode iid.", valueName: "K"))
    var samples = 8

    @Option(help: .init("Weight of the distance between samples.", valueName: "X"))
    var lambda = 1.0

    @Option(
        help: .init(
            "What to compare: video (whole videos), clip (also parts of videos with parts of the query, the default) or "
                + "scene (the whole query with the nearest part of each video).",
            valueName: "WHAT"))
    var granularity: SearchGranularity?

    func validate() throws {
        guard !videos.isEmpty || batch != nil else {
            throw ValidationError("Missing expected argument '<VIDEO> ...'")
        }
        guard unlike.isEmpty || mode == .matched else {
            throw ValidationError("--unlike: goes with --mode matched")
        }
        try check(.limit, Double(limit))
        try check(.sampleCount, Double(samples))
        try check(.lambda, lambda)
        try check(.maximumDistance, maxDistance)
        try check(.minimumScore, minScore)
        try check(.candidates, candidates.map(Double.init))
        guard request(for: "").granularityIsAllowed else {
            throw ValidationError(
                "--granularity: clip and scene go with the default --mode and --lambda alone, clip with one example, "
                    + "scene without --unlike")
        }
        if candidates != nil {
            guard videos.count == 1, batch == nil, report.html == nil, request(for: "").mayTakeCandidates
            else {
                throw ValidationError(
                    "--candidates: goes with one video, compared as a whole, and with the default --mode")
            }
        }
        if let to, to.seconds <= from?.seconds ?? 0 {
            throw ValidationError("--to: expected a time after --from")
        }
    }

    private func check(_ parameter: SearchParameter, _ value: Double?) throws {
        guard let value, let range = parameter.range, !parameter.admits(value) else { return }
        let option = parameter.name.replacing("_", with: "-")
        throw ValidationError("--\(option): expected \(range)")
    }

    func run() throws {
        let library = try places.library()
        Interrupts.catchSignals()
        let page = try report.file()
        if batch != nil || videos.count > 1 {
            var search = BatchSearch(
                library: library, defaults: request(for: ""), videos: videos, list: batch, printsJSON: json,
                page: page)
            return try search.run()
        }
        let response = try library.search(request(for: videos[0]), isCancelled: Interrupts.wereReceived)
        if json {
            Terminal.data(response.json)
        } else if response.matches.isEmpty {
            Terminal.note("no matches")
        } else {
            if response.query.isTooEmpty {
                Terminal.note("the query shows next to nothing, so its matches mean little")
            }
            Terminal.data(SearchTable.text(response))
        }
        if let page { try page.write(SearchReport([response], library: library).page) }
    }

    private func request(for video: String) -> SearchRequest {
        var request = SearchRequest(video: video)
        request.from = from?.seconds
        request.to = to?.seconds
        request.stream = stream.number
        request.like = like
        request.unlike = unlike
        request.filter = filters.filter
        request.limit = limit
        request.maximumDistance = maxDistance
        request.minimumScore = minScore
        request.excludesSelf = excludeSelf
        request.sampling = mode
        request.sampleCount = samples
        request.lambda = lambda
        request.granularity = granularity
        request.candidates = candidates
        request.isThorough = thorough
        return request
    }
}
