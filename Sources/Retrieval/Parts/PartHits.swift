import Distributions
import Indexing

/// A part of a video of the library, a clip or a scene, that is near to a query's.
struct PartHit: Sendable {
    /// The number of its video.
    var video: Int64
    /// Which of the video's clips or scenes, from 0.
    var place: Int
    var distance: Double
}

extension SearchEngine {
    /// The library's nearest clips or scenes to each of these, exactly: every one of every video is compared. Those that are
    /// exactly as near as the last are all there.
    ///
    /// - Parameters:
    ///   - kind: `clips` or `scenes`.
    ///   - limit: as many for each query.
    ///   - maximumDistance: none farther away; makes the scan fast, since codes then rule out most rows unread.
    func nearestParts(
        _ kind: MomentsKind, to queries: [Moments], limit: Int, maximumDistance: Double,
        excluding excluded: Set<Int64>, isCancelled: @Sendable () -> Bool
    ) throws(SearchError) -> [[PartHit]] {
        for _ in 0..<4 {
            let table: MomentsTable
            do { table = try index.unverifiedMoments(of: kind) } catch { throw .index(error) }
            table.beginSearch()
            let outcome = table.withRows { rows -> Result<[[PartHit]], ScanFailure> in
                let goals = queries.map { query in
                    RankingGoal(
                        ScanQuery(query), limit: limit, maximumDistance: maximumDistance,
                        isExcluded: { excluded.contains(rows.video($0)) })
                }
                return Result { () throws(ScanFailure) in
                    try BatchScan(goals).nearest(in: rows, isCancelled: isCancelled).map { ranking in
                        ranking.map {
                            PartHit(
                                video: rows.video($0.row), place: rows.place($0.row),
                                distance: $0.distance)
                        }
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
                            message: "a part of a video in the index \(index.folder) is not a distribution",
                            hint: "make the index again"))
                }
            }
            do { _ = try index.rebuiltMoments(insteadOf: table) } catch { throw .index(error) }
        }
        throw .index(
            IndexError(
                reason: .busy, path: index.folder,
                message: "the index's file of \(kind) was damaged again after it was made",
                hint: "check the disk that the index lies on"))
    }
}
