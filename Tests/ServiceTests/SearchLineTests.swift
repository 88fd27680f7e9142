import Glibc
import Library
import Service
import Testing

/// What the lines of `search --batch` are read as, and how lines are taken from a living input.
@Suite struct SearchLineTests {
    var defaults: SearchRequest {
        var request = SearchRequest(video: "")
        request.limit = 3
        request.minimumScore = 0.5
        request.excludesSelf = true
        request.filter.longest = 60
        return request
    }

    func line(_ text: String) -> SearchLine { SearchLine(.bytes(Array(text.utf8)), defaults: defaults) }

    func problem(_ text: String) throws -> RPCError {
        guard case .failure(let error) = line(text).request else { throw NotRefused() }
        #expect(problems(SearchLine.json(video: line(text).video, error: error), as: "search_failure") == [])
        return error
    }
    struct NotRefused: Error {}

    @Test(arguments: [
        ("a b.mp4", "a b.mp4"), (" a.mp4", " a.mp4"), (#""a\u0020b.mp4""#, "a b.mp4"),
        (#""a.mp4"#, #""a.mp4"#), ("[1]", "[1]"), ("7", "7"), (#"{"video":"x"}"#, "x"),
    ])
    func aLineNamesAVideo(text: String, video: String) throws {
        var wanted = defaults
        wanted.video = video
        #expect(try line(text).request.get() == wanted)
        #expect(line(text).video == video && !line(text).hasOptions)
    }

    @Test func anObjectGoesBeforeTheOptions() throws {
        let line = line(
            #"{"video":"a","limit":7,"from":1,"to":2.5,"exclude_self":false,"max_duration":9,"min_score":null,"paths":["*.mp4"]}"#
        )
        let request = try line.request.get()
        #expect(request.video == "a" && request.limit == 7 && request.from == 1 && request.to == 2.5)
        #expect(!request.excludesSelf && request.minimumScore == 0.5)
        #expect(request.filter.longest == 9 && request.filter.paths.count == 1)
        #expect(line.hasOptions)
    }

    @Test(arguments: [
        (#"{"vidoe":"a"}"#, "vidoe"), (#"{"limit":3}"#, "video"), ("{}", "video"),
        (#"{"video":"a","limit":0}"#, "limit"), (#"{"video":"a","videos":["b"]}"#, "videos"),
        (#"{"video":"a","from":3,"to":2}"#, "to"), (#"{"video":7}"#, "video"), ("a\u{0}b", "video"),
        (#""""#, "video"),
    ])
    func whatIsWrongIsNamed(text: String, parameter: String) throws {
        let error = try problem(text)
        #expect(error.code == .invalidParameters && error.data?["parameter"]?.stringValue == parameter)
    }

    @Test func longPathsStayWholeAndLongRubbishDoesNot() throws {
        let path = String(repeating: "x/", count: 1500)
        #expect(line(#"{"video":"\#(path)"}"#).video == path && line(path).video == path)
        #expect(line("{" + path).video.count < 1100)
    }

    @Test func brokenObjectsAreNoPaths() throws {
        #expect(try problem(#"{"video":"a""#).code == .parseError)
        #expect(SearchLine(.tooLong, defaults: defaults).video == "")
    }

    @Test func linesAreTakenAsTheyCome() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        func write(_ text: String) { _ = Glibc.write(ends[1], text, text.utf8.count) }
        let input = LineInput(descriptor: ends[0], maximumLength: SearchLine.maximumLength)
        func lines(_ texts: String...) -> [LineInput.Line] { texts.map { .bytes(Array($0.utf8)) } }
        write("a\nb\r\n\nc\nd")
        #expect(try input.next(atMost: 2) { false } == lines("a", "b\r"))
        #expect(try input.next(atMost: 9) { false } == lines("", "c"))
        // The last line has not ended: somebody may be writing it.
        #expect(try input.next(atMost: 9) { true } == [])
        write("e\n" + String(repeating: "x", count: 1 << 15))
        #expect(try input.next(atMost: 9) { false } == lines("de"))
        close(ends[1])
        #expect(try input.next(atMost: 9) { false } == lines(String(repeating: "x", count: 1 << 15)))
        #expect(try input.next(atMost: 9) { false } == [])
        close(ends[0])
        let folder = LineInput(descriptor: open("/", O_RDONLY), maximumLength: 8)
        #expect(throws: LineInput.Failure.self) { try folder.next(atMost: 1) { false } }
    }
}
