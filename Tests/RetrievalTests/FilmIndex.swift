import Base
import Distributions
import Foundation
import Indexing
import Retrieval

/// A real index of films in a temporary folder, which goes with it.
final class FilmIndex: Sendable {
    let folder: String
    let index: VideoIndex

    init() throws {
        folder =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("mixtape-films-\(UUID().uuidString)").path
        index = try VideoIndex.open(
            writingTo: folder,
            model: IndexModel(name: "test", fingerprint: "00", dimension: Film.dimension),
            durability: .process)
    }

    deinit {
        index.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    @discardableResult
    func store(_ path: String, _ track: ClipTrack) throws -> Int64 {
        try index.store(
            FileIdentity(path: path, fingerprint: "00", size: 1, modified: 1),
            facts: StreamFacts(
                container: "mp4", codec: "h264", width: 64, height: 64, duration: track.extent.stop,
                frameRate: 25),
            intervals: track.intervals, mixture: GaussianMixture(components: track.gaussians))
    }
}
