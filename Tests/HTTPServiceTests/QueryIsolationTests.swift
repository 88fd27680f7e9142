import Foundation
import Isolation
import Library
import Testing
import TestSupport

/// Files that a search or a page asks about, read in worker processes: the same answers, and no harm.
@Suite(.timeLimit(.minutes(3))) struct QueryIsolationTests {
    private static func library(_ films: Films, worker: String?) -> VideoLibrary {
        VideoLibrary(
            LibraryConfiguration(
                indexFolder: films.folder.path + "/index", modelFolder: films.folder.path + "/model",
                processors: 2, worker: worker.map(WorkerProgram.at)))
    }

    @Test func workersGiveWhatTheProcessItselfGives() async throws {
        let films = try await Films.shared.value
        try await blocking {
            let within = Self.library(films, worker: nil)
            let apart = Self.library(films, worker: BuiltProgram.path)
            for (from, to) in [(nil, nil), (0.5, nil), (nil, 1.5), (0.25, 1.25)] as [(Double?, Double?)] {
                var request = SearchRequest(video: films.file("unindexed/new.mp4"))
                (request.from, request.to) = (from, to)
                let (one, other) = (try within.search(request), try apart.search(request))
                #expect(one.query.clips == other.query.clips && one.query.range == other.query.range)
                #expect(one.query.uncertainty == other.query.uncertainty && !other.query.isIndexed)
                #expect(one.matches.map(\.video.identity.path) == other.matches.map(\.video.identity.path))
                #expect(one.matches.map(\.distance) == other.matches.map(\.distance))
                #expect(one.matches.map(\.segments) == other.matches.map(\.segments))
            }
            var picture = ThumbnailRequest(video: films.file("video0.mp4"))
            (picture.time, picture.width) = (1, 64)
            let (one, other) = (try within.thumbnail(picture), try apart.thumbnail(picture))
            #expect(one.bytes == other.bytes && one.time == other.time)
            #expect(one.width == other.width && one.height == other.height)
            // Errors keep their reason and the file's name.
            let text = films.folder.path + "/no-video.txt"
            try Data("no video at all".utf8).write(to: URL(fileURLWithPath: text))
            for library in [within, apart] {
                for path in [text, films.file("none.mp4")] {
                    let errors =
                        [Self.error { try library.search(SearchRequest(video: path)) }]
                        + [Self.error { try library.thumbnail(ThumbnailRequest(video: path)) }]
                    for error in errors {
                        #expect(error?.path == path)
                        #expect(error?.reason == (path == text ? "unrecognised_format" : "not_found"))
                    }
                }
            }
        }
    }

    /// A worker that a file takes down takes nobody with it.
    @Test func aWorkerThatDiesFailsTheQuestion() async throws {
        let films = try await Films.shared.value
        try await blocking {
            let library = Self.library(films, worker: "/bin/false")
            let path = films.file("unindexed/new.mp4")
            for error in [
                Self.error { try library.search(SearchRequest(video: path)) },
                Self.error { try library.thumbnail(ThumbnailRequest(video: path)) },
            ] {
                #expect(error?.reason == "decoder_failed" && error?.path == path)
            }
            let indexed = try library.search(SearchRequest(video: films.file("video1.mp4")))
            #expect(indexed.matches.first?.distance == 0)
        }
    }

    /// A model that takes the place of another while a service runs: the service has read the first, its workers would
    /// read the second.
    @Test func aModelThatIsReplacedAnswersNothing() async throws {
        let films = try await Films.shared.value
        try await blocking {
            let folder = try TemporaryFolder()
            let model = folder.path + "/model"
            try FileManager.default.copyItem(atPath: films.folder.path + "/model", toPath: model)
            let library = VideoLibrary(
                LibraryConfiguration(
                    indexFolder: films.folder.path + "/index", modelFolder: model, processors: 2,
                    worker: .at(BuiltProgram.path)))
            let path = films.file("unindexed/new.mp4")
            try library.checkModel()
            try FileManager.default.removeItem(atPath: model)
            try Running.output(
                ["model", "create", model, "--width", "4", "--dimension", "32", "--seed", "9"])
            let error = Self.error { try library.search(SearchRequest(video: path)) }
            #expect(error?.reason == "read_failed" && error?.message.contains("another model") == true)
            // A picture needs no model.
            #expect(try library.thumbnail(ThumbnailRequest(video: path)).width > 0)
        }
    }

    private static func error<R>(_ body: () throws -> R) -> LibraryError? {
        do {
            _ = try body()
            return nil
        } catch { return error as? LibraryError }
    }
}
