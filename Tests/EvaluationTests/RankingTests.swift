import Distributions
import Evaluation
import Foundation
import Testing
import TestSupport

@Suite struct RankingTests {
    /// Distances between points on a line.
    private func score(_ task: RetrievalTask, _ points: [Double], threads: Int = 1) -> RankingScore {
        RankingScore(task, threads: threads) { query, out in
            for (place, video) in task.gallery.enumerated() {
                out[place] = abs(points[video] - points[query])
            }
        }
    }

    @Test func leaveOneOutByHand() {
        // a at 0 and 10, b at 1 and 2, one c, one distractor at 9.
        let task = RetrievalTask(videos: videos(["a", "a", "b", "b", "c", nil]))
        #expect(task.queries == [0, 1, 2, 3])
        #expect(task.lonely == [4])
        #expect(task.gallery == [0, 1, 2, 3, 4, 5])
        let found = score(task, [0, 10, 1, 2, 50, 9])
        // Query 0 sees 2, 3, 5, then 1. Query 1 sees 5, 3, 2, then 0. Queries 2 and 3 see each other at distance 1;
        // query 2 also sees 0 at distance 1, which comes first by name.
        #expect(found.firstRanks == [4, 4, 2, 1])
        #expect(found.averagePrecisions == [0.25, 0.25, 0.5, 1])
        #expect(found.recall(at: 1) == 0.25)
        #expect(found.recall(at: 5) == 1)
        #expect(found.meanAveragePrecision == 0.5)
    }

    @Test func queriesAgainstGallery() {
        let task = RetrievalTask(
            videos: videos(
                ["a", "a", "b", "b", "c", "a"], roles: [.query, .gallery, .query, .gallery, .query, .gallery])
        )
        #expect(task.queries == [0, 2])
        #expect(task.lonely == [4])
        #expect(task.gallery == [1, 3, 5])
        // Query 0 at 0: gallery at 3 (a), 1 (b), 2 (a): b a a, so precision ½ and ⅔.
        let found = score(task, [0, 3, 5, 1, 9, 2])
        #expect(found.firstRanks[0] == 2)
        #expect(abs(found.averagePrecisions[0] - (0.5 + 2.0 / 3) / 2) < 1e-15)
    }

    @Test func aSplitMayHaveVideosOnBothSides() {
        let task = RetrievalTask(videos: videos(["a", "a", "a"], roles: [.query, .gallery, .both]))
        #expect(task.queries == [0, 2])
        #expect(task.gallery == [1, 2])
    }

    @Test func copiesAreHidden() {
        let labelled = videos(["a", "a", "a", "b", "b"])
        let bySource = RetrievalTask(videos: labelled, sources: ["s", "s", nil, "t", "t"])
        #expect(bySource.queries == [0, 1, 2])
        #expect(bySource.lonely == [3, 4])
        #expect(bySource.isHidden(1, from: 0))
        #expect(!bySource.isHidden(2, from: 0))
        #expect(bySource.groups[0] == bySource.groups[1])
        #expect(bySource.groups[2] != bySource.groups[0])
        // The nearest is a copy, so the next one counts.
        #expect(score(bySource, [0, 0, 9, 5, 5]).firstRanks == [3, 3, 3])
        let byDistance = RetrievalTask(videos: labelled, nearCopies: [[1], [0], [], [], []])
        #expect(score(byDistance, [0, 0, 9, 5, 5]).firstRanks[0] == 3)
        #expect(byDistance.queries == [0, 1, 2, 3, 4])
    }

    @Test func aFileNeverFindsItselfByWhateverName() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("x", to: "deep/one.mp4")
        let other = try folder.write("x", to: "two.mp4")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/link.mp4", withDestinationPath: file)
        let paths = [file, "\(folder.path)/deep/../deep//one.mp4", "\(folder.path)/link.mp4", other]
        let roles: [VideoRole] = [.query, .gallery, .gallery, .gallery]
        let task = RetrievalTask(
            videos: zip(paths, roles).enumerated().map { place, video in
                LabelledVideo(path: video.0, name: "\(place)", label: "a", role: video.1)
            })
        #expect((1...3).map { task.isHidden($0, from: 0) } == [true, true, false])
        #expect(task.groups == [0, 0, 0, 3])
        // The copy of the same bytes is another file: it is found, behind nothing.
        #expect(score(task, [0, 0, 0, 7]).firstRanks == [1])
        let alone = RetrievalTask(
            videos: paths.prefix(3).enumerated().map { place, path in
                LabelledVideo(path: path, name: "\(place)", label: "a", role: roles[place])
            })
        #expect(alone.queries.isEmpty && alone.lonely == [0])
    }

    @Test func agreesWithTheMetricsOfRetrieval() {
        var random = SeededGenerator(seed: 5)
        let labels = (0..<60).map { _ in String(random.next() % 4) }
        let points = (0..<60).map { _ in random.nextNormal() }
        let task = RetrievalTask(videos: videos(labels))
        let found = score(task, points, threads: 3)
        for (place, query) in task.queries.enumerated() {
            let order = (0..<60).filter { $0 != query }
                .sorted { (abs(points[$0] - points[query]), $0) < (abs(points[$1] - points[query]), $1) }
            let ranking = order.map { labels[$0] == labels[query] }
            #expect(found.averagePrecisions[place] == RetrievalMetrics.averagePrecision(ranking: ranking))
            for k in RankingScore.ranks {
                #expect(
                    (found.firstRanks[place] <= k ? 1 : 0) == RetrievalMetrics.recall(at: k, ranking: ranking)
                )
            }
        }
        #expect(score(task, points).averagePrecisions == found.averagePrecisions)
    }

    @Test func whatHasNoDistanceRanksLast() {
        let task = RetrievalTask(videos: videos(["a", "a", "b"]))
        let found = RankingScore(task) { _, out in
            for place in 0..<out.count { out[place] = place == 2 ? 3 : .nan }
        }
        #expect(found.firstRanks == [2, 2])
    }

    @Test func chanceIsTheMeanOverRandomRankings() {
        let task = RetrievalTask(videos: videos(["a", "a", "a", "b", "b", "c", nil, nil]))
        let chance = RankingScore.chance(task)
        // a: 2 of 7; b: 1 of 7.
        #expect(abs(chance.recalls[0] - (3 * 2.0 / 7 + 2 * 1.0 / 7) / 5) < 1e-12)
        #expect(abs(chance.recalls[1] - (3 * (1 - 1.0 / 21) + 2 * 5.0 / 7) / 5) < 1e-12)
        #expect(chance.recalls[4] == 1)
        var total = 0.0
        let rounds = 3000
        for round in 0..<rounds {
            let found = RankingScore(task) { query, out in
                var random = SeededGenerator(seed: "\(round) \(query)")
                for place in 0..<out.count { out[place] = random.nextUniform() }
            }
            total += found.meanAveragePrecision
        }
        #expect(abs(chance.meanAveragePrecision - total / Double(rounds)) < 0.01)
    }

    private func columns(_ means: [[Float]], variances: [Float]? = nil) -> FeatureColumns {
        FeatureColumns(
            means.enumerated().map { index, mean in
                VideoFeatures(
                    clipCount: 1, backbone: mean,
                    moments: Moments(
                        mean: mean, variance: [Float](repeating: variances?[index] ?? 1, count: mean.count)),
                    histogram: mean.map { max(0, $0) })
            })
    }

    @Test func representationsRankByTheirOwnDistance() {
        let task = RetrievalTask(videos: videos(["a", "a", "b"]))
        // By direction 0 is next to 1, by place next to 2.
        let found = columns([[1, 0.1], [9, 1], [1, 1]])
        #expect(found.score(task, by: .backbone, threads: 1).firstRanks == [1, 1])
        #expect(found.score(task, by: .mean, threads: 1).firstRanks == [1, 1])
        #expect(found.score(task, by: .distribution, threads: 1).firstRanks == [2, 2])
        // About their common mean, 0 and 2 lie on one side and 1 on the other.
        #expect(found.score(task, by: .mean, isCentered: true, threads: 1).firstRanks == [2, 2])
    }

    @Test func centringTakesTheGallerysMean() {
        let labelled = videos(["a", "a", "b", "b"], roles: [.query, .gallery, .query, .gallery])
        let task = RetrievalTask(videos: labelled)
        // The gallery's mean is (10, 10). Seen from there query 0 is next to video 1, seen from zero next to video 3.
        let found = columns([[20, 22], [11, 10], [9, 9.5], [9, 10]])
        #expect(found.score(task, by: .mean, isCentered: true, threads: 1).firstRanks == [1, 1])
        #expect(found.score(task, by: .mean, threads: 1).firstRanks == [2, 1])
    }

    @Test func nearCopiesByHistogram() {
        let found = columns([[0.5, 0.5], [0.45, 0.55], [1, 0]])
        #expect(found.nearCopies(0.1, threads: 2) == [[1], [0], []])
        #expect(found.nearCopies(0.01, threads: 1) == [[], [], []])
    }
}

@Suite struct BootstrapTests {
    @Test func clearAndUnclearDifferences() {
        let clear = [Int8](repeating: 1, count: 30) + [Int8](repeating: 0, count: 70)
        let none = [Int8](repeating: 0, count: 100)
        let even = (0..<100).map { Int8($0 % 2 == 0 ? 1 : -1) }
        let below = clear.map { -$0 }
        let results = PairedBootstrap.run([clear, none, even, below], draws: 2000, seed: 4)
        #expect(results[0].difference == 0.3)
        #expect(results[0].probability < 0.01)
        // Binomial: 1.96·√(0.3·0.7/100) about 0.3.
        #expect(abs(results[0].low - 0.21) < 0.025)
        #expect(abs(results[0].high - 0.39) < 0.025)
        #expect(results[1].probability == 1)
        #expect(results[2].probability > 0.8)
        #expect(results[3].difference == -0.3)
        #expect(results[3].probability < 0.01)
        let again = PairedBootstrap.run([clear, none, even, below], draws: 2000, seed: 4)
        #expect(again.map(\.low) == results.map(\.low))
        #expect(PairedBootstrap.run([], draws: 10, seed: 1).isEmpty)
        func verdict(_ difference: Double, _ probability: Double) -> Bool {
            Significance(
                row: "", baseline: "", difference: difference, low: 0, high: 0, probability: probability
            ).isAbove
        }
        #expect(verdict(0.1, 0.01))
        #expect(!verdict(-0.1, 0.01))
        #expect(!verdict(0.1, 0.2))
    }
}
