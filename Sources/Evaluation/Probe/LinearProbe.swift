import Distributions
import Tensors

/// How well a linear classifier on frozen features tells the classes apart.
public struct ProbeResult: Sendable, Equatable {
    /// The model's name.
    public var model: String
    /// What was classified.
    public var representation: Representation
    /// The share of right answers over all tested videos.
    public var accuracy: Double
    /// Videos tested.
    public var tested: Int
    /// Folds; 1 where the given split was used.
    public var folds: Int
    /// Whether every fit reached the solver's tolerance.
    public var hasConverged: Bool
}

/// The folds of a linear probe and what it does with them.
package struct LinearProbe: Sendable {
    /// Training and test videos of one fit.
    package struct Fold: Sendable {
        package var train: [Int]
        package var test: [Int]
    }
    package let folds: [Fold]
    package let classes: [Int?]
    package var penalty: Double

    /// Uses the split where there is one; otherwise folds of about equal size that keep the shares of the
    /// classes and never tear videos of one source apart.
    ///
    /// Nil where there is nothing to learn: fewer than two classes, or fewer than two videos.
    package init?(_ task: RetrievalTask, isSplit: Bool, foldCount: Int, penalty: Double, seed: UInt64) {
        let classes = task.classes
        self.classes = classes
        self.penalty = penalty
        let labelled = task.classes.indices.filter { task.classes[$0] != nil }
        if isSplit {
            let found = Set(task.gallery)
            let train = labelled.filter { found.contains($0) }
            let test = labelled.filter { !found.contains($0) }
            guard !test.isEmpty, Set(train.compactMap { classes[$0] }).count > 1 else { return nil }
            folds = [Fold(train: train, test: test)]
            return
        }
        guard Set(labelled.compactMap { classes[$0] }).count > 1 else { return nil }
        // Groups of one source, by the class of their first video, dealt to the folds like cards.
        let groupOf = task.groups
        var members: [Int: [Int]] = [:]
        for video in labelled { members[groupOf[video], default: []].append(video) }
        var byClass: [Int: [[Int]]] = [:]
        for group in members.keys.sorted() {
            guard let videos = members[group], let first = videos.first, let label = classes[first] else {
                continue
            }
            byClass[label, default: []].append(videos)
        }
        let count = min(foldCount, members.count)
        guard count > 1 else { return nil }
        var generator = SeededGenerator(seed: seed)
        var tests = [[Int]](repeating: [], count: count)
        var next = 0
        for label in byClass.keys.sorted() {
            for videos in (byClass[label] ?? []).shuffled(using: &generator) {
                tests[next % count] += videos
                next += 1
            }
        }
        folds = tests.map { test in
            let out = Set(test)
            return Fold(train: labelled.filter { !out.contains($0) }, test: test.sorted())
        }
    }

    /// The accuracy over all folds.
    package func run(_ rows: [[Float]], threads: Int) -> (accuracy: Double, tested: Int, hasConverged: Bool) {
        // One thread a product: the folds run side by side, and the sums do not depend on the machine's size.
        MatrixProduct.setThreads(1)
        let count = (classes.compactMap { $0 }.max() ?? 0) + 1
        let results = Workers.map(count: folds.count, threads: threads) { index in
            let fold = folds[index]
            let fit = LogisticRegression(
                rows: fold.train.map { rows[$0] }, classes: fold.train.map { classes[$0] ?? 0 },
                classCount: count,
                penalty: penalty)
            let answers = fit.classify(fold.test.map { rows[$0] })
            let right = zip(fold.test, answers).count { classes[$0] == $1 }
            return (right: right, hasConverged: fit.hasConverged)
        }
        let tested = folds.reduce(0) { $0 + $1.test.count }
        let right = results.reduce(0) { $0 + $1.right }
        return (Double(right) / Double(max(1, tested)), tested, results.allSatisfy(\.hasConverged))
    }
}
