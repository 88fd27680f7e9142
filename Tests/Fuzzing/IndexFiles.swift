import Base
import Distributions
import Glibc
import Indexing
import Retrieval

/// A small index with everything in it that an index can hold, as bytes to damage, and what it answers undamaged.
package struct IndexFiles: Sendable {
    static let model = IndexModel(name: "fuzzing", fingerprint: "feed", dimension: 6)
    /// The files of a closed index, and those of one whose last changes are still in its log, by name.
    package let states: [[(name: String, bytes: [UInt8])]]
    package let answers: [Answers]

    /// What an index says; equal for equal indexes. The list of root folders, which is for display and carries no checksum,
    /// is asked for and not compared.
    package struct Answers: Equatable, Sendable {
        package var counts: IndexCounts
        var videos: [IndexedVideo]
        var failures: [FailedVideo]
        var decisions: [PairDecision]
        var mixtures: [GaussianMixture]
        package var ranking: [Place]
        var rankingByParts: [Place]
        var rankingByScenes: [Place]
    }

    package struct Place: Equatable, Sendable {
        var path: String
        var distance: Double
    }

    package static let shared: IndexFiles = {
        do { return try IndexFiles() } catch { fatalError("\(error)") }
    }()

    private init() throws {
        let folder = Scratch.newFolder("index-truth")
        func files() -> [(name: String, bytes: [UInt8])] {
            Scratch.names(in: folder).filter { !$0.hasSuffix("-shm") && !$0.hasSuffix("lock") }
                .map { ($0, Scratch.read("\(folder)/\($0)") ?? []) }
        }
        var index = try Self.open(folder)
        for number in 0..<5 { try Self.store(number, in: index) }
        try index.storeFailure(
            FileIdentity(path: "/v/bad.mp4", fingerprint: "00", size: 1, modified: 2), reason: "damaged",
            message: "cut short")
        try index.addRoots(["/v"])
        try index.record([PairDecision("a0", "a1", decided: 5)])
        index.store(emptyClips: Self.emptyClips)
        _ = try index.moments()
        _ = try index.unverifiedMoments(of: .clips)
        _ = try index.unverifiedMoments(of: .scenes)
        index.close()
        var states = [files()]
        var answers = [try Self.answers(folder)]
        index = try Self.open(folder)
        for number in 5..<8 { try Self.store(number, in: index) }
        _ = try index.moments()
        states.append(files())
        index.close()
        answers.append(try Self.answers(folder))
        self.states = states
        self.answers = answers
    }

    static func open(_ folder: String) throws(IndexError) -> VideoIndex {
        try VideoIndex.open(writingTo: folder, model: model, durability: .process)
    }

    static func store(_ number: Int, in index: VideoIndex) throws {
        let clips = 1 + number % 3
        try index.store(
            FileIdentity(
                path: "/v/\(number).mp4", fingerprint: "a\(number)", size: Int64(1 + number), modified: 7),
            facts: StreamFacts(
                container: "mov,mp4", codec: "h264", width: 64, height: 48, duration: Double(clips),
                frameRate: 25),
            intervals: (0..<clips).map { TimeRange(start: Double($0), stop: Double($0 + 1)) },
            mixture: mixture(number, clips))
    }

    static func mixture(_ number: Int, _ clips: Int) -> GaussianMixture {
        GaussianMixture(components: (0..<clips).map { gaussian(number, $0) })
    }

    private static let emptyClips = [gaussian(9, 0)]

    private static func gaussian(_ number: Int, _ clip: Int) -> Gaussian {
        Gaussian(
            mean: (0..<model.dimension).map { Float(($0 * 7 + number * 3 + clip) % 11) / 4 },
            logVariance: (0..<model.dimension).map { Float(($0 + number + clip) % 5) / 2 - 1 })
    }

    /// Everything that a reader can be asked.
    package static func answers(_ folder: String) throws -> Answers {
        let index = try VideoIndex.open(readingFrom: folder, expecting: model)
        defer { index.close() }
        let engine = try SearchEngine(index: index)
        let query = SearchQuery(mixture: mixture(3, 1), fingerprint: "q")
        func places(_ matches: [Match]) -> [Place] {
            matches.map { Place(path: $0.video.identity.path, distance: $0.distance) }
        }
        let track = ClipTrack(
            intervals: [TimeRange(start: 0, stop: 1)], gaussians: query.mixture.components)
        let videos = try index.allVideos()
        _ = try index.roots()
        // Nil where the file is damaged or missing: whoever searches asks the model, which says the same.
        let empty = index.emptyClips() ?? emptyClips
        try must(empty == emptyClips, "empty.bin is taken for whole and says something else")
        return Answers(
            counts: try index.counts(), videos: videos, failures: try index.failures(),
            decisions: try index.decisions(),
            mixtures: try videos.map { try index.mixture(ofVideo: $0.id).mixture },
            ranking: places(try engine.rank([query], options: SearchOptions(limit: 9))[0]),
            rankingByParts: places(
                try engine.rank(
                    parts: PartQuery(whole: query, track: track), options: SearchOptions(limit: 9),
                    information: ClipInformation(empty: empty))),
            rankingByScenes: places(
                try engine.rank(
                    scenes: query, interval: track.interval, options: SearchOptions(limit: 9)))
        )
    }

    /// What a writer does, whether or not the files allow it.
    package static func write(_ folder: String) throws {
        let index = try open(folder)
        defer { index.close() }
        try store(4, in: index)
        try index.remove(paths: ["/v/1.mp4"])
        try index.record([PairDecision("x", "y", decided: 1)])
        _ = try index.moments()
    }

    /// Puts the files of a state into a folder that holds nothing else.
    package func lay(_ files: [(name: String, bytes: [UInt8])], into folder: String) {
        Scratch.remove(folder)
        mkdir(folder, 0o755)
        for file in files { Scratch.write(file.bytes, to: "\(folder)/\(file.name)") }
    }
}
