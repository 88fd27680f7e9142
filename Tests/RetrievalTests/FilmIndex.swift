import Base
import Distributions
import Foundation
import Indexing
import Retrieval

/// A real index of films in a temporary folder, which goes with it.
final class FilmIndex: Sendable {
    private let opened: OpenIndex
    var folder: String { opened.folder.path }
    var index: VideoIndex { opened.index }

    init() throws { opened = try OpenIndex(dimension: Film.dimension) }

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
