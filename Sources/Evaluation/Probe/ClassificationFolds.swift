import Distributions

/// Which labelled videos a classifier learns from and which it is tested on.
package struct ClassificationFolds: Sendable {
    /// Training and test videos of one fit.
    package struct Fold: Sendable {
        package var train: [Int]
        package var test: [Int]
    }
    package let folds: [Fold]
    /// Of every video, a number of its class; nil for a distractor.
    package let classes: [Int?]
    /// Training videos of a given split that are copies of test videos, and so are left out.
    package let leftOut: Int

    /// Of the numbers in `classes`.
    package var classCount: Int { (classes.compactMap { $0 }.max() ?? 0) + 1 }

    /// Uses the split where there is one, but for the training videos that are of one group with a test video; otherwise
    /// folds of about equal size that keep the shares of the classes and never tear a group apart. The groups are
    /// `RetrievalTask.groups`.
    ///
    /// Nil where there is nothing to learn: fewer than two classes, or fewer than two groups.
    package init?(_ task: RetrievalTask, isSplit: Bool, foldCount: Int, seed: UInt64) {
        let classes = task.classes
        self.classes = classes
        let labelled = task.classes.indices.filter { task.classes[$0] != nil }
        let groupOf = task.groups
        if isSplit {
            let found = Set(task.gallery)
            let test = labelled.filter { !found.contains($0) }
            let tested = Set(test.map { groupOf[$0] })
            let given = labelled.filter { found.contains($0) }
            let train = given.filter { !tested.contains(groupOf[$0]) }
            guard !test.isEmpty, Set(train.compactMap { classes[$0] }).count > 1 else { return nil }
            folds = [Fold(train: train, test: test)]
            leftOut = given.count - train.count
            return
        }
        guard Set(labelled.compactMap { classes[$0] }).count > 1 else { return nil }
        // Groups, by the class of their first video, dealt to the folds like cards.
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
        leftOut = 0
    }
}
