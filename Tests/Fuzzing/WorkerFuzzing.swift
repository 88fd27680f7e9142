import Base
import Distributions
import Glibc
import Indexing
import Isolation
import Retrieval
import VideoEncoding

/// The messages that a worker process hands back, which a hostile video may have taken over: what is taken of them can be
/// stored, ranked, aligned and shown.
enum WorkerFuzzing {
    static let dimension = 2

    static let target = FuzzTarget(
        name: "worker",
        seeds: {
            let facts = StreamFacts(
                container: "mov,mp4", codec: "h264", width: 64, height: 48, duration: 2.5, frameRate: 25)
            let video = EncodedVideo(
                facts: facts, intervals: [TimeRange(start: 0, stop: 1), TimeRange(start: 1, stop: 2)],
                mixture: GaussianMixture(components: [
                    Gaussian(mean: [1, -2], logVariance: [0, 0.5]),
                    Gaussian(mean: [0.25, 60000], logVariance: [-10, 4]),
                ]))
            let error = WorkerFailure(reason: "damaged", message: "cut short")
            let whole = EncodedAnswer.write(.success(video)).flatMap(\.encoded)
            let start = whole.count - 2 * (16 + 2 * dimension * 2)
            /// With other bytes at a place behind the header.
            func changed(_ place: Int, _ bytes: [UInt8]) -> [UInt8] {
                var other = whole
                other.replaceSubrange(start + place..<start + place + bytes.count, with: bytes)
                return other
            }
            func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
                withUnsafeBytes(of: value.littleEndian) { Array($0) }
            }
            // Two intervals of two float64, then two means and two log variances of each clip, float16.
            let halves = Edges.halves.flatMap { half in [32, 38].map { changed($0, bytes(half)) } }
            let times = Edges.doubles.flatMap { time in
                [0, 8, 16, 24].map { changed($0, bytes(time.bitPattern)) }
            }
            return [whole, error.answer.encoded] + halves + times
                + Edges.variants(of: Array(whole[..<start])).map { $0 + whole[start...] }
        },
        run: { bytes in
            guard let outcome = EncodedAnswer.read(bytes, dimension: dimension),
                case .success(let video) = outcome
            else { return }
            let written = EncodedAnswer.write(outcome).flatMap(\.encoded)
            guard case .success(let again) = EncodedAnswer.read(written, dimension: dimension) else {
                throw FuzzFailure(description: "what is written of a video is not read")
            }
            try must(again.mixture == video.mixture, "the distributions change")
            try must(again.intervals == video.intervals, "the intervals change")
            do {
                try use(video)
            } catch let error as IndexError {
                throw FuzzFailure(description: "it was taken, and cannot be used: \(error.message)")
            } catch let error as SearchError {
                throw FuzzFailure(description: "it was taken, and cannot be searched for: \(error)")
            }
        })

    static let index: VideoIndex = {
        let model = IndexModel(name: "worker", fingerprint: "feed", dimension: dimension)
        do {
            return try VideoIndex.open(
                writingTo: Scratch.newFolder("worker"), model: model, durability: .process)
        } catch { fatalError("\(error)") }
    }()

    /// Stores a video in the index, which holds no other, and searches for it by whole and by parts.
    static func use(
        _ video: EncodedVideo,
        as identity: FileIdentity = FileIdentity(path: "/v/a.mp4", fingerprint: "ab", size: 1, modified: 2)
    ) throws {
        let id = try index.store(
            identity, facts: video.facts, intervals: video.intervals, mixture: video.mixture)
        let row = try index.video(atPath: identity.path)
        // That is told once, and not kept.
        var facts = video.facts
        facts.otherStreams = 0
        try must(row?.identity == identity && row?.facts == facts, "what is said of it changes")
        let stored = try index.mixture(ofVideo: id)
        try must(stored.mixture == video.mixture, "it is stored as another")
        let engine = try SearchEngine(index: index)
        let query = SearchQuery(mixture: video.mixture, fingerprint: identity.fingerprint)
        let track = ClipTrack(intervals: stored.intervals, gaussians: video.mixture.components)
        let rankings = [
            try engine.rank([query], options: SearchOptions(limit: 3))[0],
            try engine.rank(
                parts: PartQuery(whole: query, track: track), options: SearchOptions(limit: 3),
                information: ClipInformation(empty: [])),
        ]
        for ranking in rankings {
            try must(ranking.map(\.video.id) == [id], "it does not find itself")
            for match in ranking {
                try must(match.distance == 0, "its distance to itself is \(match.distance)")
                try must(match.uncertainty.isFinite, "its uncertainty is \(match.uncertainty)")
            }
        }
        let finder = DuplicateFinder(
            index: index, options: DuplicateOptions(maximumDistance: 3),
            information: ClipInformation(empty: []))
        _ = try finder.groups()
    }
}
