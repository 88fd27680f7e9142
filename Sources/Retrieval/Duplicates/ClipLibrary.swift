import Distributions
import Glibc
import Indexing
import VideoDecoding

/// The clips of an index's contents in memory, as rows, with what each says and when it is.
///
/// 8 bytes a dimension and clip: 2 KB at 256 dimensions.
final class ClipLibrary: @unchecked Sendable {
    // Unchecked: nothing is written once it is made.
    let rows: MomentsRows
    /// The node that each row is a clip of.
    let owners: [Int32]
    /// What each row says, 0…1 (`ClipInformation`).
    let weights: [Double]
    /// Nodes of which no file is in the index any more: removed, or indexed with another content, since they were listed.
    /// They have no clips.
    let gone: Set<Int>
    private let intervals: [TimeRange]
    /// Where each node's rows begin; and the end.
    private let starts: [Int]
    private let memory: UnsafeMutablePointer<Float>

    /// - Parameter isCancelled: asked now and then; true ends the reading by `cancelled`.
    init(
        _ contents: Contents, in index: VideoIndex, _ information: ClipInformation,
        progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws(DuplicateError) {
        let width = index.model.dimension
        let stride = (width + 15) / 16 * 16
        let count = contents.nodes.reduce(0) { $0 + $1.videos[0].clipCount }
        memory = .allocate(capacity: max(1, count * (2 * stride + 1)))
        let variances = memory + count * stride
        let logDeterminants = variances + count * stride
        var owners: [Int32] = []
        var weights: [Double] = []
        var intervals: [TimeRange] = []
        var starts = [0]
        var gone: Set<Int> = []
        var failure: DuplicateError?
        for (node, content) in contents.nodes.enumerated() {
            if node % 256 == 0 {
                if isCancelled() { failure = .cancelled }
                progress(Double(node) / Double(contents.nodes.count))
            }
            guard failure == nil else { break }
            let stored: (intervals: [TimeRange], mixture: GaussianMixture)?
            do { stored = try Self.mixture(of: content, in: index) } catch {
                failure = .index(error)
                break
            }
            guard let read = stored, read.intervals.count == content.videos[0].clipCount else {
                gone.insert(node)
                starts.append(owners.count)
                continue
            }
            for gaussian in read.mixture.components {
                let row = owners.count
                var logDeterminant = 0.0
                for d in 0..<width {
                    memory[row * stride + d] = gaussian.mean[d]
                    variances[row * stride + d] = exp(gaussian.logVariance[d])
                    logDeterminant += log(Double(variances[row * stride + d]))
                }
                logDeterminants[row] = Float(logDeterminant)
                owners.append(Int32(node))
            }
            weights += information.weights(of: read.mixture.components)
            intervals += read.intervals
            starts.append(owners.count)
        }
        self.owners = owners
        self.weights = weights
        self.intervals = intervals
        self.starts = starts
        self.gone = gone
        rows = MomentsRows(
            means: memory, variances: variances, logDeterminants: logDeterminants, count: owners.count,
            dimension: width, stride: stride)
        if let failure { throw failure }
    }

    deinit { memory.deallocate() }

    /// By any of its files that is still there.
    private static func mixture(
        of content: Contents.Node, in index: VideoIndex
    ) throws(IndexError) -> (intervals: [TimeRange], mixture: GaussianMixture)? {
        for video in content.videos {
            if let stored = try index.mixtureIfThere(
                ofVideo: video.id, fingerprint: video.identity.fingerprint)
            {
                return stored
            }
        }
        return nil
    }

    /// The clips of a node.
    func rows(of node: Int) -> Range<Int> { starts[node]..<starts[node + 1] }

    /// The same, to be aligned.
    func track(_ node: Int) -> ClipTrack {
        let rows = rows(of: node)
        return ClipTrack(
            intervals: Array(intervals[rows]),
            gaussians: rows.map { row in
                Gaussian(
                    mean: Array(self.rows.mean(row)), logVariance: self.rows.variance(row).map { log($0) })
            }, weights: Array(weights[rows]))
    }
}
