/// How well one way to compare videos ranks the gallery, query by query.
package struct RankingScore: Sendable {
    /// The ranks k of recall@k.
    package static let ranks = [1, 5, 10, 20, 50]

    /// Of each query, the rank (from 1) of the first relevant video.
    package var firstRanks: [Int]
    /// Of each query.
    package var averagePrecisions: [Double]

    /// The share of queries with a relevant video among the first k.
    package func recall(at k: Int) -> Double {
        firstRanks.isEmpty ? 0 : Double(firstRanks.count { $0 <= k }) / Double(firstRanks.count)
    }

    /// Mean over the queries.
    package var meanAveragePrecision: Double {
        averagePrecisions.isEmpty ? 0 : averagePrecisions.reduce(0, +) / Double(averagePrecisions.count)
    }

    /// Ranks the gallery for every query.
    ///
    /// - Parameter distances: fills the distances of a query (a video) to all videos of the gallery, in its order.
    package init(
        _ task: RetrievalTask, threads: Int = 1,
        distances: @escaping @Sendable (_ query: Int, _ into: UnsafeMutableBufferPointer<Double>) -> Void
    ) {
        // In blocks, so that each thread's buffers are made rarely.
        let block = 64
        let blockCount = (task.queries.count + block - 1) / block
        let parts = Workers.map(count: blockCount, threads: threads) { number in
            let range = number * block..<min((number + 1) * block, task.queries.count)
            var row = [Double](repeating: 0, count: task.gallery.count)
            return range.map { place in
                let query = task.queries[place]
                row.withUnsafeMutableBufferPointer { distances(query, $0) }
                return Self.rank(task, query, row)
            }
        }
        let all = parts.flatMap { $0 }
        firstRanks = all.map(\.first)
        averagePrecisions = all.map(\.averagePrecision)
    }

    /// Ties rank in the order of the gallery, which is that of the names; what has no distance ranks last.
    private static func rank(
        _ task: RetrievalTask, _ query: Int, _ distances: [Double]
    ) -> (first: Int, averagePrecision: Double) {
        var order: [(distance: Double, video: Int)] = []
        order.reserveCapacity(distances.count)
        for (place, video) in task.gallery.enumerated() where !task.isHidden(video, from: query) {
            order.append((distances[place].isNaN ? .infinity : distances[place], video))
        }
        order.sort { $0.distance < $1.distance || ($0.distance == $1.distance && $0.video < $1.video) }
        var first = 0
        var hits = 0
        var sum = 0.0
        for (index, entry) in order.enumerated() where task.classes[entry.video] == task.classes[query] {
            hits += 1
            if hits == 1 { first = index + 1 }
            sum += Double(hits) / Double(index + 1)
        }
        precondition(hits > 0, "a query without a relevant video")
        return (first, sum / Double(hits))
    }

    /// What ranking at random gives on average, exactly.
    ///
    /// With n videos in sight of which R are relevant: recall@k = 1 − C(n−R, k)/C(n, k), and the mean of
    /// average precision is (H_n + (R−1)/(n−1)·(n − H_n))/n with H_n = Σ 1/i.
    package static func chance(_ task: RetrievalTask) -> (recalls: [Double], meanAveragePrecision: Double) {
        var recalls = [Double](repeating: 0, count: ranks.count)
        var precision = 0.0
        for query in task.queries {
            var count = 0
            var relevant = 0
            for video in task.gallery where !task.isHidden(video, from: query) {
                count += 1
                relevant += task.classes[video] == task.classes[query] ? 1 : 0
            }
            for (place, k) in ranks.enumerated() {
                var miss = 1.0
                for drawn in 0..<min(k, count) {
                    miss *= max(0, Double(count - relevant - drawn)) / Double(count - drawn)
                }
                recalls[place] += 1 - miss
            }
            let harmonic = (1...count).reduce(0.0) { $0 + 1 / Double($1) }
            let n = Double(count)
            precision += (harmonic + (count > 1 ? Double(relevant - 1) / (n - 1) * (n - harmonic) : 0)) / n
        }
        let share = 1 / Double(max(1, task.queries.count))
        return (recalls.map { $0 * share }, precision * share)
    }
}
