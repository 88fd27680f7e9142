import Distributions
import Indexing

/// A clip of the library that is near to a clip of a query.
struct ClipHit: Sendable {
    /// The number of its video.
    var video: Int64
    var distance: Double
}

extension SearchEngine {
    /// The library's nearest clips to each of these, exactly: every clip of every video is compared. Clips that are
    /// exactly as near as the last are all there.
    ///
    /// - Parameters:
    ///   - limit: as many for each clip.
    ///   - maximumDistance: none farther away; makes the scan fast, since codes then rule out most clips unread.
    func nearestClips(
        to clips: [Gaussian], limit: Int, maximumDistance: Double, excluding excluded: Set<Int64>,
        isCancelled: @Sendable () -> Bool
    ) throws(SearchError) -> [[ClipHit]] {
        for _ in 0..<4 {
            let table: MomentsTable
            do { table = try index.unverifiedMoments(of: .clips) } catch { throw .index(error) }
            table.beginSearch()
            let outcome = table.withRows {
                (means, variances, logDeterminants, ids) -> Result<[[ClipHit]], ScanFailure> in
                let videos = RowOwners(ids: ids)
                var isWhole: (@Sendable (Int) -> Bool)?
                if !table.isVerified { isWhole = { table.isWhole(row: $0) } }
                let rows = MomentsRows(
                    means: means, variances: variances, logDeterminants: logDeterminants,
                    count: table.count, dimension: table.dimension, stride: table.stride,
                    largestLogDeterminant: table.largestLogDeterminant, codes: table.codes, isWhole: isWhole)
                let goals = clips.map { clip in
                    RankingGoal(
                        ScanQuery(clip.moments), limit: limit, maximumDistance: maximumDistance,
                        isExcluded: { excluded.contains(videos.ids[$0]) })
                }
                return Result { () throws(ScanFailure) in
                    try BatchScan(goals).nearest(in: rows, isCancelled: isCancelled).map { ranking in
                        ranking.map { ClipHit(video: videos.ids[$0.row], distance: $0.distance) }
                    }
                }
            }
            do throws(ScanFailure) {
                return try outcome.get()
            } catch {
                switch error {
                case .cancelled: throw .cancelled
                case .damaged: break
                case .notFinite:
                    throw .index(
                        IndexError(
                            reason: .corrupted, path: index.folder,
                            message: "a clip in the index \(index.folder) is not a distribution",
                            hint: "make the index again"))
                }
            }
            do { _ = try index.rebuiltMoments(insteadOf: table) } catch { throw .index(error) }
        }
        throw .index(
            IndexError(
                reason: .busy, path: index.folder,
                message: "the index's file of clips is damaged again and again",
                hint: "check the disk that the index lies on"))
    }
}

/// The videos that rows belong to.
private struct RowOwners: @unchecked Sendable {
    // Unchecked: read-only memory, used while the table is held.
    let ids: UnsafePointer<Int64>
}
