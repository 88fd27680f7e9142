import Base
import Distributions
import Glibc
import Indexing

/// The clips of an index's contents: rows of its mapped file, with what each says and when it is.
struct ClipLibrary: Sendable {
    /// Every clip of the index; valid as long as the snapshot.
    let rows: MomentsRows
    /// The node that each row is a clip of; -1 for a further file of a content, which is not compared again. The rows of a node
    /// stand together.
    let owners: [Int32]
    /// What each row says, 0…1 (`ClipInformation`); 0 for a row without an owner.
    let weights: [Double]
    /// When each row is.
    private let intervals: [TimeRange]
    /// By node.
    private let rowsOfNodes: [Range<Int>]

    /// - Parameters:
    ///   - rows: the clips of the snapshot that `contents` was made of.
    ///   - isCancelled: asked now and then; true ends the weighing by `cancelled`.
    init(
        _ contents: DistinctContents, _ rows: MomentsRows, intervals: [TimeRange],
        _ information: ClipInformation,
        isCancelled: () -> Bool
    ) throws(DuplicateError) {
        var rowsOfVideos: [Int64: Range<Int>] = [:]
        var first = 0
        while first < rows.count {
            let video = rows.video(first)
            var stop = first + 1
            while stop < rows.count, rows.video(stop) == video { stop += 1 }
            rowsOfVideos[video] = first..<stop
            first = stop
        }
        var owners = [Int32](repeating: -1, count: rows.count)
        var weights = [Double](repeating: 0, count: rows.count)
        var rowsOfNodes: [Range<Int>] = []
        for (node, content) in contents.nodes.enumerated() {
            if node % 256 == 0, isCancelled() { throw .cancelled }
            let own = rowsOfVideos[content.videos[0].id] ?? 0..<0
            let said = information.weights(of: own.map { Self.gaussian(rows, $0) })
            for (row, weight) in zip(own, said) { (owners[row], weights[row]) = (Int32(node), weight) }
            rowsOfNodes.append(own)
        }
        self.rows = rows
        self.owners = owners
        self.weights = weights
        self.intervals = intervals
        self.rowsOfNodes = rowsOfNodes
    }

    /// The clips of a node.
    func rows(of node: Int) -> Range<Int> { rowsOfNodes[node] }

    /// The same, to be aligned, saying as much as these weights of all rows have it.
    func track(_ node: Int, _ weights: [Double]) -> ClipTrack {
        let own = rows(of: node)
        return ClipTrack(
            intervals: Array(intervals[own]), gaussians: own.map { Self.gaussian(rows, $0) },
            weights: Array(weights[own]))
    }

    /// Of a clip, whose file has the variance.
    private static func gaussian(_ rows: MomentsRows, _ row: Int) -> Gaussian {
        Gaussian(mean: Array(rows.mean(row)), logVariance: rows.variance(row).map { log($0) })
    }
}
