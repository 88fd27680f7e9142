import Indexing
import TestSupport

/// A new index in a folder that goes with it.
final class OpenIndex: Sendable {
    let folder: TemporaryFolder
    let index: VideoIndex

    init(dimension: Int) throws {
        folder = try TemporaryFolder()
        index = try VideoIndex.open(
            writingTo: folder.path,
            model: IndexModel(name: "test", fingerprint: "00", dimension: dimension),
            durability: .process)
    }

    deinit { index.close() }
}
