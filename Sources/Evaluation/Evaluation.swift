import VideoEncoding

/// Measures models on labelled videos.
public enum Evaluation {
    /// Encodes the videos once by each model, and ranks.
    ///
    /// The same videos, models and request give the same report.
    public static func run(
        _ videos: LabelledVideos, _ request: EvaluationRequest, hooks: EvaluationHooks = EvaluationHooks()
    ) throws(EvaluationError) -> EvaluationReport {
        guard videos.videos.contains(where: { $0.label != nil }) else {
            throw .videos(
                problem: videos.videos.isEmpty ? "there are no videos" : "no video has a label",
                hint:
                    "name a folder with a folder for each class, or a CSV file; check --folder and --exclude")
        }
        // An invalid pattern must be reported before the hour of encoding.
        if let pattern = request.sourcePattern { _ = try SourceKeys.find(pattern, in: []) }
        let models = try MeasuredModels.load(request, hooks)
        precondition(!models.isEmpty, "a measurement needs a model")
        let extractor = FeatureExtractor(
            clipCount: request.clipCount, workers: request.workers, source: request.source,
            timeLimit: request.timeLimit, workFolder: request.workFolder, progress: hooks.progress,
            isCancelled: hooks.isCancelled)
        let extracted = try extractor.extract(videos.videos, by: models.map(\.encoder))

        let kept = videos.videos.indices.filter { extracted.features[0][$0] != nil }
        let columns = extracted.features.map { column in FeatureColumns(kept.compactMap { column[$0] }) }
        let readable = kept.map { videos.videos[$0] }
        let task = RetrievalTask(
            videos: readable,
            sources: try request.sourcePattern.map { (pattern) throws(EvaluationError) in
                try SourceKeys.find(pattern, in: readable)
            } ?? [],
            nearCopies: request.nearCopyDistance.map {
                columns[0].nearCopies($0, threads: request.workers)
            } ?? [])
        guard !task.queries.isEmpty else {
            throw .videos(
                problem: "no class has two readable videos that could find each other "
                    + "(\(readable.count) readable, \(extracted.skipped.count) not)",
                hint: "a class needs at least two videos, or one on each side of a split")
        }
        var measurement = Measurement(
            request: request, hooks: hooks, videos: readable, task: task, isSplit: videos.isSplit,
            models: models, columns: columns)
        try measurement.measure()
        return EvaluationReport(
            facts: EvaluationReport.Facts(
                isSplit: videos.isSplit, clipCount: request.clipCount, readable: readable.count,
                queries: task.queries.count, gallery: task.gallery.count,
                classes: Set(readable.compactMap(\.label)).count,
                distractors: readable.count { $0.label == nil },
                lonely: task.lonely.map { readable[$0].name }, skipped: extracted.skipped,
                sourcePattern: request.sourcePattern, nearCopyDistance: request.nearCopyDistance),
            rows: measurement.rows, significances: measurement.significances, probes: measurement.probes,
            fineTunes: measurement.fineTunes, uncertainties: measurement.uncertainties,
            checkpoints: measurement.checkpoints)
    }
}

/// One measurement: its rankings and what follows from them.
private struct Measurement {
    let request: EvaluationRequest
    let hooks: EvaluationHooks
    let videos: [LabelledVideo]
    let task: RetrievalTask
    let isSplit: Bool
    let models: [MeasuredModel]
    let columns: [FeatureColumns]

    var rows: [RetrievalRow] = []
    var significances: [Significance] = []
    var probes: [ProbeResult] = []
    var fineTunes: [FineTuneResult] = []
    var uncertainties: [UncertaintyResult] = []
    var checkpoints: [CheckpointResult] = []
    /// Of each row.
    fileprivate var scores: [RankingScore] = []

    mutating func measure() throws(EvaluationError) {
        hooks.note("ranking \(task.queries.count) queries")
        for (index, model) in models.enumerated() {
            if model.role == .checkpoint {
                checkpoints.append(try checkpoint(model.name, columns[index]))
            } else {
                try rank(model, columns[index])
            }
        }
        if request.measuresBaselines {
            try add("colour histogram", .histogram, columns[0])
            let chance = RankingScore.chance(task)
            rows.append(
                RetrievalRow(
                    model: "chance", representation: nil, isCentered: false, recalls: chance.recalls,
                    meanAveragePrecision: chance.meanAveragePrecision))
        }
        if request.bootstrapDraws > 0 { compare() }
        try classify()
    }

    /// All rows of a model, and its uncertainty where that is asked for.
    private mutating func rank(_ model: MeasuredModel, _ columns: FeatureColumns) throws(EvaluationError) {
        let start = scores.count
        for representation in [Representation.backbone, .mean, .distribution] {
            try add(model.name, representation, columns)
        }
        let plain = Array(scores[start...])
        for representation in [Representation.backbone, .mean] {
            try add(model.name, representation, isCentered: true, columns)
        }
        guard request.analysesUncertainty, model.role == .model else { return }
        hooks.note("raising the uncertainty of \(model.name)")
        let bins = UncertaintyAnalysis.bins(
            task, uncertainty: columns.moments.map(\.uncertainty), backbone: plain[0], mean: plain[1],
            distribution: plain[2])
        let inflation = try UncertaintyAnalysis.inflation(
            task, columns, seed: request.seed, threads: request.workers, isCancelled: hooks.isCancelled)
        uncertainties.append(UncertaintyResult(model: model.name, bins: bins, inflation: inflation))
    }

    private mutating func add(
        _ model: String, _ representation: Representation, isCentered: Bool = false, _ columns: FeatureColumns
    ) throws(EvaluationError) {
        guard !hooks.isCancelled() else { throw .cancelled }
        let score = columns.score(task, by: representation, isCentered: isCentered, threads: request.workers)
        scores.append(score)
        rows.append(
            RetrievalRow(
                model: model, representation: representation, isCentered: isCentered,
                recalls: RankingScore.ranks.map(score.recall),
                meanAveragePrecision: score.meanAveragePrecision))
    }

    private func checkpoint(_ name: String, _ columns: FeatureColumns) throws(EvaluationError)
        -> CheckpointResult
    {
        guard !hooks.isCancelled() else { throw .cancelled }
        func recall(_ representation: Representation) -> Double {
            columns.score(task, by: representation, threads: request.workers).recall(at: 1)
        }
        let total = columns.moments.reduce(0) { $0 + $1.uncertainty }
        return CheckpointResult(
            name: name, step: MeasuredModels.step(of: name),
            uncertainty: total / Double(max(1, columns.moments.count)),
            recalls: ModelRecalls(
                backbone: recall(.backbone), mean: recall(.mean), distribution: recall(.distribution)))
    }

    /// Every row of a model against the same row of random weights and of the models named after it, and against the
    /// colour histogram.
    private mutating func compare() {
        func place(_ row: Int) -> Int? {
            models.firstIndex { $0.role == .model && $0.name == rows[row].model }
        }
        var pairs: [(Int, Int)] = []
        for row in scores.indices {
            guard let own = place(row) else { continue }
            for other in scores.indices where rows[other].model != rows[row].model {
                let isSameKind =
                    rows[other].representation == rows[row].representation
                    && rows[other].isCentered == rows[row].isCentered
                let isLater = place(other).map { $0 > own } ?? true
                if isLater, isSameKind || rows[other].representation == .histogram {
                    pairs.append((row, other))
                }
            }
        }
        let differences = pairs.map { row, other in
            zip(scores[row].firstRanks, scores[other].firstRanks).map { a, b in
                Int8(a == 1 ? 1 : 0) - Int8(b == 1 ? 1 : 0)
            }
        }
        let results = PairedBootstrap.run(differences, draws: request.bootstrapDraws, seed: request.seed)
        significances = zip(pairs, results).map { pair, result in
            Significance(
                row: rows[pair.0].title, baseline: rows[pair.1].title, difference: result.difference,
                low: result.low, high: result.high, probability: result.probability)
        }
    }

    /// Probes and fine-tuning, on the same folds.
    private mutating func classify() throws(EvaluationError) {
        guard request.probes || request.fineTune != nil else { return }
        guard
            let folds = ClassificationFolds(
                task, isSplit: isSplit, foldCount: request.foldCount, seed: request.seed)
        else {
            hooks.note(
                "warning: no classifier, since there are fewer than two classes to learn, or all videos are "
                    + "copies of one another")
            return
        }
        if folds.leftOut > 0 {
            hooks.note("\(folds.leftOut) training videos are copies of test videos and are left out")
        }
        if request.probes { try probe(folds) }
        guard let choice = request.fineTune else { return }
        var tuning = FineTuning(request: request, choice: choice, hooks: hooks, videos: videos, folds: folds)
        for model in models where model.role != .checkpoint { fineTunes.append(try tuning.run(model)) }
    }

    private mutating func probe(_ folds: ClassificationFolds) throws(EvaluationError) {
        let probe = LinearProbe(folds, penalty: request.probePenalty)
        func add(_ name: String, _ representation: Representation, _ features: [[Float]])
            throws(EvaluationError)
        {
            guard !hooks.isCancelled() else { throw .cancelled }
            let result = probe.run(features, threads: request.workers)
            probes.append(
                ProbeResult(
                    model: name, representation: representation, accuracy: result.accuracy,
                    tested: result.tested,
                    folds: probe.folds.count, hasConverged: result.hasConverged))
        }
        hooks.note("fitting linear probes, \(probe.folds.count) folds")
        for (index, model) in models.enumerated() where model.role != .checkpoint {
            try add(model.name, .backbone, columns[index].backbone)
            try add(model.name, .mean, columns[index].means)
        }
        if request.measuresBaselines { try add("colour histogram", .histogram, columns[0].histogram) }
    }
}
