import Base
import Distributions
import Indexing
import Library
import Retrieval
import VideoEncoding

/// The lines that `mixtape import` reads, which another program may have written: what is taken of them can be stored,
/// read back and searched for.
enum ImportFuzzing {
    static let target = FuzzTarget(
        name: "import",
        seeds: {
            let model = IndexModel(name: "worker", fingerprint: "feed", dimension: WorkerFuzzing.dimension)
            let identity = FileIdentity(path: "/v/b.mp4", fingerprint: "0a1b", size: 7, modified: -5)
            let mixture = GaussianMixture(components: [
                Gaussian(mean: [1, -2], logVariance: [0, 0.5]),
                Gaussian(mean: [0.25, 60000], logVariance: [-10, 4]),
            ])
            let intervals = [TimeRange(start: 0, stop: 1), TimeRange(start: 1, stop: 2)]
            guard let clips = ClipBytes(intervals, mixture) else { return [] }
            let facts = StreamFacts(
                container: "mov,mp4", codec: "h264", width: 64, height: 48, duration: 2.5, frameRate: nil)
            func line(_ content: Result<MixtureLine.Content, MixtureLine.Failure>) -> [UInt8] {
                Array(MixtureLine(model: model, identity: identity, content: content).json.serialized().utf8)
            }
            let lines = [
                line(.success(.init(facts: facts, clipCount: 2, clips: clips))),
                line(.failure(.init(reason: "damaged", message: "cut short"))),
            ]
            return lines + lines.flatMap(Edges.variants)
                + edges(clips).map { line(.success(.init(facts: facts, clipCount: 2, clips: $0))) }
        },
        run: { bytes in
            guard let json = try? JSONValue(parsing: bytes), let line = MixtureLine(json),
                line.model.dimension == WorkerFuzzing.dimension
            else { return }
            let text = line.json.serialized()
            let again = try MixtureLine(JSONValue(parsing: Array(text.utf8)))
            try must(again?.json.serialized() == text, "what is written of a line is not read")
            do {
                try use(line)
            } catch let error as IndexError {
                throw FuzzFailure(description: "it was taken, and cannot be used: \(error.message)")
            } catch let error as SearchError {
                throw FuzzFailure(description: "it was taken, and cannot be searched for: \(error)")
            }
        })

    /// Clips with an edge in the place of one of the numbers that are no text.
    private static func edges(_ clips: ClipBytes) -> [ClipBytes] {
        func put(_ bytes: [UInt8], _ all: inout [UInt8], at place: Int) {
            all.replaceSubrange(place..<place + bytes.count, with: bytes)
        }
        var variants: [ClipBytes] = []
        for place in stride(from: 0, to: clips.intervals.count, by: 8) {
            for edge in Edges.doubles {
                var other = clips
                put(
                    withUnsafeBytes(of: edge.bitPattern.littleEndian) { Array($0) }, &other.intervals,
                    at: place)
                variants.append(other)
            }
        }
        for place in stride(from: 0, to: clips.gaussians.count, by: 2) {
            for edge in Edges.halves {
                var other = clips
                put(withUnsafeBytes(of: edge.littleEndian) { Array($0) }, &other.gaussians, at: place)
                variants.append(other)
            }
        }
        return variants
    }

    private static func use(_ line: MixtureLine) throws {
        let index = WorkerFuzzing.index
        try index.remove(paths: ["/v"])
        // The next line's path is another.
        defer { _ = try? index.remove(paths: [line.identity.path]) }
        switch line.content {
        case .failure(let failure):
            try index.storeFailure(line.identity, reason: failure.reason, message: failure.message)
            let stored = try index.failures()
            try must(
                stored.map(\.identity) == [line.identity] && stored.map(\.reason) == [failure.reason]
                    && stored.map(\.message) == [failure.message], "the failure changes")
        case .success(let content):
            guard
                let decoded = content.clips.decoded(
                    clipCount: content.clipCount, dimension: line.model.dimension)
            else { throw FuzzFailure(description: "its clips were taken, and cannot be decoded") }
            try WorkerFuzzing.use(
                EncodedVideo(facts: content.facts, intervals: decoded.intervals, mixture: decoded.mixture),
                as: line.identity)
        }
    }
}
