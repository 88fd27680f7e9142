import Glibc
import Library
import Service

/// Searches for many videos and prints each one's answer as it comes; those of a list are answered while it is still being
/// written.
struct BatchSearch {
    let library: VideoLibrary
    /// What each is searched for with, where its line says nothing else.
    let defaults: SearchRequest
    let videos: [String]
    /// A list of further videos, one a line; `-` is standard input.
    let list: String?
    let printsJSON: Bool
    /// Where to write a page of all answers; nil for none.
    let page: ReportFile?

    private var count = 0
    private var failures = 0
    private var responses: [SearchResponse] = []
    private let display: CountDisplay

    init(
        library: VideoLibrary, defaults: SearchRequest, videos: [String], list: String?, printsJSON: Bool,
        page: ReportFile?
    ) {
        self.library = library
        self.defaults = defaults
        self.videos = videos
        self.list = list
        self.printsJSON = printsJSON
        self.page = page
        display = CountDisplay(total: list == nil ? videos.count : nil, noun: "videos")
    }

    /// Enough to share what is read of the index; few enough that answers come soon.
    private static let atOnce = 64

    /// - Throws: `ExitCode.failure` where a video could not be searched for, once all others were.
    mutating func run() throws {
        try answer(videos.map { SearchLine(video: $0, defaults: defaults) })
        if let list { try answer(list: list) }
        if let page { try page.write(SearchReport(responses, library: library).page) }
        if failures > 0 {
            Terminal.note("\(failures) of \(count) videos could not be searched for")
            throw ExitCode.failure
        }
    }

    private mutating func answer(list path: String) throws {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        func failure(_ error: LineInput.Failure) -> CommandError {
            CommandError(
                message: "\(path): \(error)",
                hint: "--batch names a list of videos, one per line, or - for standard input")
        }
        guard descriptor >= 0 else { throw failure(.init(code: errno)) }
        defer { if path != "-" { close(descriptor) } }
        let input = LineInput(descriptor: descriptor, maximumLength: SearchLine.maximumLength)
        while true {
            let lines: [LineInput.Line]
            do {
                lines = try input.next(atMost: Self.atOnce, shouldStop: Interrupts.wereReceived)
            } catch {
                throw failure(error)
            }
            if Interrupts.wereReceived() { throw Interrupts.exitCode }
            if lines.isEmpty { return }
            try answer(lines.filter { !$0.isBlank }.map { SearchLine($0, defaults: defaults) })
        }
    }

    private mutating func answer(_ lines: [SearchLine]) throws {
        var rest = lines[...]
        while let first = rest.first {
            switch first.request {
            case .failure(let error):
                rest.removeFirst()
                count += 1
                failures += 1
                show(error, of: first.video)
            case .success(let request):
                // Searches that read the same of the index read it once.
                let most = request.sharesScan ? Self.atOnce : 1
                let group = rest.prefix(most).prefix { Self.isSame($0, request) }
                rest = rest.dropFirst(group.count)
                try answer(Array(group), request)
            }
        }
    }

    /// Whether a line is about another video at most.
    private static func isSame(_ line: SearchLine, _ request: SearchRequest) -> Bool {
        guard case .success(var other) = line.request else { return false }
        other.video = request.video
        return other == request
    }

    private mutating func answer(_ lines: [SearchLine], _ request: SearchRequest) throws {
        var batch = SearchBatch(videos: lines.map(\.video))
        batch.common = request
        let (display, done) = (display, count)
        let response: BatchResponse
        do throws(LibraryError) {
            defer { display.clear() }
            response = try library.search(
                batch, progress: { display.show(done + $0) }, isCancelled: Interrupts.wereReceived)
        } catch {
            guard error.isOfOptions, lines.allSatisfy(\.hasOptions) else { throw error }
            for line in lines { show(RPCError(error), of: line.video) }
            count += lines.count
            failures += lines.count
            return
        }
        count += lines.count
        for answer in response.answers { show(answer) }
    }

    private mutating func show(_ answer: BatchResponse.Answer) {
        switch answer.result {
        case .success(let response):
            if page != nil { responses.append(response) }
            if printsJSON { return Terminal.data(answer.json.serialized()) }
            let title = Terminal.styledForOutput(Terminal.printable(answer.video), .bold)
            Terminal.data("\(title)\n\(SearchTable.text(response))\n")
        case .failure(let error):
            failures += 1
            show(RPCError(error), of: answer.video)
        }
    }

    private func show(_ error: RPCError, of video: String) {
        if printsJSON { Terminal.data(SearchLine.json(video: video, error: error).serialized()) }
        Terminal.report(Terminal.printable(error.message), hint: nil)
    }
}
