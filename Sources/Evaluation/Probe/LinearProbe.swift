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

/// A linear classifier on frozen features, fitted anew for each fold.
package struct LinearProbe: Sendable {
    package let folds: [ClassificationFolds.Fold]
    private let classes: [Int?]
    private let classCount: Int
    private let penalty: Double

    /// - Parameter penalty: of the weights, times ½‖W‖².
    package init(_ folds: ClassificationFolds, penalty: Double) {
        self.folds = folds.folds
        self.penalty = penalty
        classes = folds.classes
        classCount = folds.classCount
    }

    /// The accuracy over all folds.
    package func run(_ rows: [[Float]], threads: Int) -> (accuracy: Double, tested: Int, hasConverged: Bool) {
        // One thread a product: the folds run side by side, and the sums do not depend on the machine's size.
        MatrixProduct.setThreads(1)
        let results = Workers.map(count: folds.count, threads: threads) { index in
            let fold = folds[index]
            let fit = LogisticRegression(
                rows: fold.train.map { rows[$0] }, classes: fold.train.map { classes[$0] ?? 0 },
                classCount: classCount, penalty: penalty)
            let answers = fit.classify(fold.test.map { rows[$0] })
            let right = zip(fold.test, answers).count { classes[$0] == $1 }
            return (right: right, hasConverged: fit.hasConverged)
        }
        let tested = folds.reduce(0) { $0 + $1.test.count }
        let right = results.reduce(0) { $0 + $1.right }
        return (Double(right) / Double(max(1, tested)), tested, results.allSatisfy(\.hasConverged))
    }
}
