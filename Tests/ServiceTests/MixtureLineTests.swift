import Base
import Distributions
import Foundation
import Indexing
import Library
import Testing
import TestSupport

/// Lines that `mixtape import` takes, and those that would be stored and could not be read back or searched for.
@Suite struct MixtureLineTests {
    private static let model = IndexModel(name: "tiny", fingerprint: "feed", dimension: 2)

    private static func line(
        facts: StreamFacts = StreamFacts(
            container: "mov", codec: "h264", width: 64, height: 48, duration: 3, frameRate: 8),
        intervals: [TimeRange] = [TimeRange(start: 0, stop: 2), TimeRange(start: 1, stop: 3)],
        model: IndexModel = model, fingerprint: String = "ab"
    ) throws -> String {
        let mixture = GaussianMixture(
            components: intervals.indices.map { Gaussian(mean: [Float($0), 1], logVariance: [0, -1]) })
        let clips = try #require(ClipBytes(intervals, mixture))
        return MixtureLine(
            model: model,
            identity: FileIdentity(path: "/v/a.mp4", fingerprint: fingerprint, size: 1, modified: 2),
            content: .success(.init(facts: facts, clipCount: intervals.count, clips: clips))
        ).json.serialized()
    }

    private static func failure(_ reason: String, _ message: String) -> String {
        MixtureLine(
            model: model, identity: FileIdentity(path: "/v/a.mp4", fingerprint: "", size: 1, modified: 2),
            content: .failure(.init(reason: reason, message: message))
        ).json.serialized()
    }

    private func importing(_ lines: [String]) throws -> (summary: ImportSummary, library: VideoLibrary) {
        let folder = try TemporaryFolder()
        let library = VideoLibrary(
            LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: folder.path + "/none"))
        var rest = lines[...]
        let summary = try library.importLines(next: { rest.popFirst().map { .bytes(Array($0.utf8)) } })
        _ = try library.index().counts()
        return (summary, library)
    }

    @Test func wholeLinesAreTaken() throws {
        let (summary, _) = try importing([try Self.line(), Self.failure("damaged", "it is cut short")])
        #expect(summary.stored == 1 && summary.failed == 1)
    }

    /// Whoever encodes a folder knows nothing of what was chosen here.
    @Test func aStreamThatWasChosenStays() throws {
        let folder = try TemporaryFolder()
        let library = VideoLibrary(
            LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: folder.path + "/none"))
        func load(_ fingerprint: String) throws -> (ImportSummary, String?) {
            var lines = [LineInput.Line.bytes(Array(try Self.line(fingerprint: fingerprint).utf8))]
            let summary = try library.importLines(next: { lines.popLast() })
            return (summary, try library.video(atPath: "/v/a.mp4")?.identity.fingerprint)
        }
        #expect(try load("ab:2") == (.init(stored: 1), "ab:2"))
        #expect(try load("ab") == (.init(kept: 1), "ab:2"))
        // Another choice counts, and so does another content.
        #expect(try load("ab:3") == (.init(stored: 1), "ab:3"))
        #expect(try load("cd") == (.init(stored: 1), "cd"))
        #expect(try load("ab") == (.init(stored: 1), "ab"))
    }

    /// SQLite's texts end at a zero byte: the row's checksum would say that the index is damaged.
    @Test func aTextWithAZeroByteIsRefused() throws {
        var facts = StreamFacts(
            container: "mov", codec: "h2\064", width: 64, height: 48, duration: 3, frameRate: 8)
        var lines = [try Self.line(facts: facts), Self.failure("dam\0aged", "x"), Self.failure("x", "\0")]
        facts.codec = "h264"
        facts.container = "\0"
        lines.append(try Self.line(facts: facts))
        lines.append(
            try Self.line(model: IndexModel(name: "ti\0ny", fingerprint: "feed", dimension: 2)))
        for line in lines { #expect(throws: LibraryError.self) { try importing([line]) } }
    }

    /// A later search by parts takes the clips to go by time.
    @Test(arguments: [
        [TimeRange(start: 1, stop: 3), TimeRange(start: 0, stop: 2)],
        [TimeRange(start: 0, stop: 4), TimeRange(start: 1, stop: 3)],
        [TimeRange(start: 0, stop: 1), TimeRange(start: 5e9, stop: 6e9)],
        [TimeRange(start: -1, stop: 1), TimeRange(start: 0, stop: 2)],
        [TimeRange(start: 0, stop: .infinity)],
    ])
    func clipsThatDoNotGoByTimeAreRefused(intervals: [TimeRange]) throws {
        let line = try Self.line(intervals: intervals)
        #expect(throws: LibraryError.self) { try importing([line]) }
    }

    /// What is calculated with later: areas of pictures, times that are left, shares of a whole.
    @Test(arguments: [
        ("height", "0"), ("width", "-1"), ("width", "4294967296"), ("height", "9223372036854775807"),
        ("width", "0.5"), ("width", "-9223372036854775808"), ("width", "1e19"), ("duration", "-1"),
        ("dimension", "0"), ("dimension", "8193"), ("dimension", "9223372036854775807"), ("size", "-1"),
        ("size", "9223372036854775808"), ("modified", "1e19"), ("duration", "-1e308"), ("duration", "1e300"),
        ("frame_rate", "-1"),
        ("frame_rate", "1e300"), ("decoded_share", "2"), ("decoded_share", "-0.1"), ("clips", "-1"),
        ("clips", "9223372036854775807"),
    ])
    func numbersBeyondTheirBoundsAreRefused(name: String, value: String) throws {
        let line = try Self.line()
        let known = [
            "height": "48", "width": "64", "duration": "3.0", "frame_rate": "8.0", "decoded_share": "1.0",
            "clips": "2", "dimension": "2", "size": "1", "modified": "2",
        ]
        let old = try #require(known[name])
        let bad = line.replacingOccurrences(of: "\"\(name)\":\(old)", with: "\"\(name)\":\(value)")
        try #require(bad != line, "\(line)")
        #expect(throws: LibraryError.self) { try importing([bad]) }
    }

    /// A line that would be many times as large in memory; the one before it is stored.
    @Test func whatIsNoLineIsRefusedByItsNumber() throws {
        let nested = "[" + Array(repeating: "[0]", count: 1 << 20).joined(separator: ",") + "]"
        for bad in [LineInput.Line.bytes(Array(nested.utf8)), .tooLong] {
            let folder = try TemporaryFolder()
            let library = VideoLibrary(
                LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: folder.path + "/none"))
            var lines = [LineInput.Line.bytes(Array(try Self.line().utf8)), .bytes([0x0D]), bad]
            let start = ContinuousClock.now
            let error = #expect(throws: LibraryError.self) {
                try library.importLines(next: { lines.isEmpty ? nil : lines.removeFirst() })
            }
            #expect(error?.path == "line 3", "\(error as Any)")
            #expect(try library.index().counts().ready == 1)
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }

    /// Not the end of the lines, though what came before is stored.
    @Test func linesThatCannotBeReadAreAnError() throws {
        let folder = try TemporaryFolder()
        let library = VideoLibrary(
            LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: folder.path + "/none"))
        var lines = [LineInput.Line.bytes(Array(try Self.line().utf8))]
        let error = #expect(throws: LibraryError.self) {
            try library.importLines(next: { () throws(LineInput.Failure) in
                guard let line = lines.popLast() else { throw LineInput.Failure(code: EIO) }
                return line
            })
        }
        #expect(error?.message == "standard input: it cannot be read: Input/output error", "\(error as Any)")
        #expect(try library.index().counts().ready == 1)
    }

    /// Whatever is encoded can be imported: a video of too many clips is an error of its own.
    @Test func aLineLongerThanIsReadIsWrittenAsAnError() throws {
        let text = try Self.line()
        let line = try #require(MixtureLine(try JSONValue(parsing: text)))
        #expect(line.written(atMost: text.utf8.count) == text)
        let other = try JSONValue(parsing: line.written(atMost: text.utf8.count - 1))
        let read = try #require(MixtureLine(other))
        guard case .failure(let failure) = read.content else {
            Issue.record("\(other)")
            return
        }
        #expect(failure.reason == "encoding_failed" && failure.message.contains("2 clips"))
        #expect(read.identity == line.identity)
    }

    /// The database keeps none, and the row would be taken for damage.
    @Test(arguments: ["duration", "frame_rate", "decoded_share"])
    func theSignOfAZeroIsNotKept(name: String) throws {
        let known = ["duration": "3.0", "frame_rate": "8.0", "decoded_share": "1.0"]
        let line = try Self.line().replacingOccurrences(
            of: "\"\(name)\":\(known[name] ?? "")", with: "\"\(name)\":-0.0")
        try #require(line.contains("-0.0"))
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let library = VideoLibrary(
            LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: folder.path + "/none"))
        var lines = [LineInput.Line.bytes(Array(line.utf8))]
        #expect(try library.importLines(next: { lines.popLast() }).stored == 1)
        #expect(try library.video(atPath: "/v/a.mp4")?.clipCount == 2)
    }
}
