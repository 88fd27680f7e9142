import Distributions
import Evaluation
import Glibc
import Testing

@Suite struct SolverTests {
    @Test func rosenbrockAndQuadratic() {
        var solver = LBFGS()
        solver.gradientTolerance = 1e-9
        let valley = solver.minimize(from: [-1.2, 1]) { x, gradient in
            let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
            gradient[0] = -2 * a - 400 * x[0] * b
            gradient[1] = 200 * b
            return a * a + 100 * b * b
        }
        #expect(valley.hasConverged)
        #expect(abs(valley.point[0] - 1) < 1e-7 && abs(valley.point[1] - 1) < 1e-7)
        let scales = (0..<30).map { pow(10, Double($0) / 10) }
        let bowl = solver.minimize(from: [Double](repeating: 1, count: 30)) { x, gradient in
            var value = 0.0
            for d in 0..<30 {
                let offset = x[d] - Double(d)
                value += 0.5 * scales[d] * offset * offset
                gradient[d] = scales[d] * offset
            }
            return value
        }
        #expect(bowl.hasConverged)
        for d in 0..<30 { #expect(abs(bowl.point[d] - Double(d)) < 1e-6) }
    }

    @Test func startingAtTheOptimumOrRunningOutOfIterations() {
        var solver = LBFGS()
        let there = solver.minimize(from: [0]) { x, gradient in
            gradient[0] = 2 * x[0]
            return x[0] * x[0]
        }
        #expect(there.iterations == 0 && there.hasConverged)
        solver.maximumIterations = 1
        let cut = solver.minimize(from: [-1.2, 1]) { x, gradient in
            let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
            gradient = [-2 * a - 400 * x[0] * b, 200 * b]
            return a * a + 100 * b * b
        }
        #expect(!cut.hasConverged && cut.iterations == 1)
    }
}

@Suite struct LogisticRegressionTests {
    private static let width = 3
    private static let classCount = 3

    /// Three overlapping clouds.
    private func clouds(_ count: Int, seed: UInt64, spread: Double = 1) -> (rows: [[Float]], classes: [Int]) {
        var random = SeededGenerator(seed: seed)
        let classes = (0..<count).map { $0 % Self.classCount }
        let rows = classes.map { label in
            (0..<Self.width).map { Float((label == $0 ? 2 : 0) + spread * random.nextNormal()) }
        }
        return (rows, classes)
    }

    private func problem(_ rows: [[Float]], _ classes: [Int], penalty: Double) -> LogisticRegression.Problem {
        LogisticRegression.Problem(
            inputs: rows.flatMap { $0 }, classes: classes, width: Self.width, classCount: Self.classCount,
            penalty: penalty)
    }

    /// The loss in plain double precision.
    private func oracle(_ rows: [[Float]], _ classes: [Int], _ parameters: [Double], penalty: Double)
        -> Double
    {
        let weights = Self.classCount * Self.width
        var loss = 0.0
        for (row, label) in zip(rows, classes) {
            let scores = (0..<Self.classCount).map { c in
                (0..<Self.width).reduce(parameters[weights + c]) {
                    $0 + parameters[c * Self.width + $1] * Double(row[$1])
                }
            }
            loss += log(scores.reduce(0) { $0 + exp($1) }) - scores[label]
        }
        return loss / Double(rows.count)
            + 0.5 * penalty * parameters[..<weights].reduce(0) { $0 + $1 * $1 }
    }

    @Test func gradientAgainstFiniteDifferences() {
        let (rows, classes) = clouds(40, seed: 1)
        let problem = problem(rows, classes, penalty: 0.1)
        var random = SeededGenerator(seed: 2)
        let point = (0..<Self.classCount * (Self.width + 1)).map { _ in random.nextNormal() }
        var gradient = [Double](repeating: 0, count: point.count)
        let value = problem.evaluate(point, &gradient)
        #expect(abs(value - oracle(rows, classes, point, penalty: 0.1)) < 1e-5)
        for index in point.indices {
            var (up, down) = (point, point)
            up[index] += 1e-5
            down[index] -= 1e-5
            let slope =
                (oracle(rows, classes, up, penalty: 0.1) - oracle(rows, classes, down, penalty: 0.1)) / 2e-5
            #expect(abs(slope - gradient[index]) < 1e-5 * (1 + abs(slope)))
        }
    }

    @Test func optimumAgainstPlainGradientDescent() {
        let (rows, classes) = clouds(60, seed: 3)
        let problem = problem(rows, classes, penalty: 0.05)
        let start = [Double](repeating: 0, count: Self.classCount * (Self.width + 1))
        let found = LBFGS().minimize(from: start) { problem.evaluate($0, &$1) }
        #expect(found.hasConverged)
        // The brute force: many small steps down the oracle's own numeric slope.
        var slow = start
        var gradient = start
        for _ in 0..<4000 {
            _ = problem.evaluate(slow, &gradient)
            for index in slow.indices { slow[index] -= 0.3 * gradient[index] }
        }
        let (fast, brute) = (
            oracle(rows, classes, found.point, penalty: 0.05), oracle(rows, classes, slow, penalty: 0.05)
        )
        #expect(abs(fast - brute) < 1e-6)
        for (a, b) in zip(found.point[..<9], slow[..<9]) { #expect(abs(a - b) < 1e-3) }
    }

    @Test func classifiesWhatCanBeToldApart() {
        let (rows, classes) = clouds(90, seed: 4, spread: 0.2)
        // A feature that never changes must not break the standardisation.
        let wide = rows.map { $0 + [7] }
        let fit = LogisticRegression(rows: wide, classes: classes, classCount: 3, penalty: 0.01)
        #expect(fit.hasConverged)
        let (others, truth) = clouds(90, seed: 5, spread: 0.2)
        #expect(fit.classify(others.map { $0 + [7] }) == truth)
        #expect(fit.classify([]) == [])
    }

    @Test func foldsKeepSourcesTogetherAndClassesSpread() throws {
        let labels = (0..<60).map { ["a", "b", "c"][$0 % 3] }
        let sources: [String?] = (0..<60).map { $0 < 30 ? "s\($0 / 6)-\($0 % 3)" : nil }
        let task = RetrievalTask(videos: videos(labels), sources: sources)
        let folds = try #require(ClassificationFolds(task, isSplit: false, foldCount: 5, seed: 1))
        let probe = LinearProbe(folds, penalty: 0.01)
        #expect(probe.folds.count == 5)
        #expect(probe.folds.flatMap(\.test).sorted() == Array(0..<60))
        for fold in probe.folds {
            #expect(Set(fold.train).isDisjoint(with: fold.test))
            #expect(fold.train.count + fold.test.count == 60)
            #expect((8...16).contains(fold.test.count))
            let groups = Set(fold.test.map { task.groups[$0] })
            #expect(fold.train.allSatisfy { !groups.contains(task.groups[$0]) })
        }
        let (rows, _) = clouds(60, seed: 6, spread: 0.2)
        let result = probe.run(rows, threads: 2)
        #expect(result.accuracy == 1 && result.tested == 60 && result.hasConverged)
        // Labels that have nothing to do with the features are guessed.
        let noise = probe.run(clouds(60, seed: 7, spread: 1000).rows, threads: 1)
        #expect(noise.accuracy < 0.7)
    }

    @Test func splitsAndNothingToLearn() throws {
        let roles: [VideoRole] = [.gallery, .gallery, .query, .query]
        let task = RetrievalTask(videos: videos(["a", "b", "a", "b"], roles: roles))
        let found = try #require(ClassificationFolds(task, isSplit: true, foldCount: 5, seed: 1))
        #expect(found.folds.map(\.train) == [[0, 1]])
        #expect(found.folds.map(\.test) == [[2, 3]])
        #expect(found.leftOut == 0)
        let one = RetrievalTask(videos: videos(["a", "a", "a"]))
        #expect(ClassificationFolds(one, isSplit: false, foldCount: 5, seed: 1) == nil)
    }

    @Test func nearCopiesAreNeverTornApart() throws {
        // A chain of copies, 0–1–2, in which nobody takes 0 for 2; and a pair that one source joins to it.
        var near = [[Int]](repeating: [], count: 12)
        (near[0], near[1], near[2]) = ([1], [0, 2], [1])
        (near[6], near[7]) = ([7], [6])
        var sources = [String?](repeating: nil, count: 12)
        (sources[2], sources[6]) = ("s", "s")
        let labels = (0..<12).map { $0 % 2 == 0 ? "a" : "b" }
        let task = RetrievalTask(videos: videos(labels), sources: sources, nearCopies: near)
        #expect(task.groups == [0, 0, 0, 3, 4, 5, 0, 0, 8, 9, 10, 11])
        for seed in 1...20 {
            let found = try #require(
                ClassificationFolds(task, isSplit: false, foldCount: 4, seed: UInt64(seed)))
            #expect(found.folds.flatMap(\.test).sorted() == Array(0..<12))
            for fold in found.folds {
                let tested = Set(fold.test.map { task.groups[$0] })
                #expect(fold.train.allSatisfy { !tested.contains(task.groups[$0]) })
            }
        }
        // All are copies of one another: there is nothing to test on.
        let all = (0..<12).map { video in (0..<12).filter { $0 != video } }
        let same = RetrievalTask(videos: videos(labels), nearCopies: all)
        #expect(ClassificationFolds(same, isSplit: false, foldCount: 4, seed: 1) == nil)
    }

    @Test func aSplitLosesTrainingVideosThatAreCopiesOfTestVideos() throws {
        let roles: [VideoRole] = [.gallery, .gallery, .gallery, .gallery, .query, .query]
        let near = [[4], [], [3], [2], [0], []]
        let task = RetrievalTask(
            videos: videos(["a", "a", "b", "b", "a", "b"], roles: roles), nearCopies: near)
        let found = try #require(ClassificationFolds(task, isSplit: true, foldCount: 5, seed: 1))
        #expect(found.folds[0].train == [1, 2, 3])
        #expect(found.folds[0].test == [4, 5])
        #expect(found.leftOut == 1)
    }
}
