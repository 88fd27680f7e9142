import Base

extension EvaluationReport {
    /// The report as one JSON object; shares are 0…1.
    public func json(indent: Bool = false) -> String {
        JSONValue.object([
            .init("videos", videosJSON), .init("retrieval", .array(rows.map(Self.json))),
            .init("significance", .array(significances.map(Self.json))),
            .init("linear_probe", .array(probes.map(Self.json))),
            .init("fine_tune", .array(fineTunes.map(Self.json))),
            .init("checkpoints", .array(checkpoints.map(Self.json))),
            .init("uncertainty", .array(uncertainties.map(Self.json))),
        ]).text(indent: indent)
    }

    private static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

    private var videosJSON: JSONValue {
        .object([
            .init("protocol", .string(facts.isSplit ? "split" : "leave-one-out")),
            .init("clips", .number(facts.clipCount)), .init("readable", .number(facts.readable)),
            .init("queries", .number(facts.queries)), .init("gallery", .number(facts.gallery)),
            .init("classes", .number(facts.classes)), .init("distractors", .number(facts.distractors)),
            .init("without_match", .array(facts.lonely.map { .string($0) })),
            .init(
                "skipped",
                .array(
                    facts.skipped.map { skipped in
                        .object([
                            .init("name", .string(skipped.name)),
                            .init("reason", .string(skipped.error.reason.rawValue)),
                            .init("detail", .string(skipped.error.detail)),
                        ])
                    })),
            .init("source_pattern", Self.text(facts.sourcePattern)),
            .init("near_copy_distance", .number(facts.nearCopyDistance)),
        ])
    }

    private static func json(_ row: RetrievalRow) -> JSONValue {
        .object([
            .init("model", .string(row.model)), .init("compared_by", text(row.representation?.rawValue)),
            .init("centered", .bool(row.isCentered)),
            .init(
                "recall",
                .object(zip(RankingScore.ranks, row.recalls).map { .init("\($0)", .number($1)) })),
            .init("mean_average_precision", .number(row.meanAveragePrecision)),
        ])
    }

    private static func json(_ result: Significance) -> JSONValue {
        .object([
            .init("row", .string(result.row)), .init("baseline", .string(result.baseline)),
            .init("difference", .number(result.difference)), .init("low", .number(result.low)),
            .init("high", .number(result.high)), .init("p", .number(result.probability)),
            .init("above", .bool(result.isAbove)),
        ])
    }

    private static func json(_ result: ProbeResult) -> JSONValue {
        .object([
            .init("model", .string(result.model)), .init("features", .string(result.representation.rawValue)),
            .init("accuracy", .number(result.accuracy)), .init("tested", .number(result.tested)),
            .init("folds", .number(result.folds)), .init("converged", .bool(result.hasConverged)),
        ])
    }

    private static func json(_ result: FineTuneResult) -> JSONValue {
        .object([
            .init("model", .string(result.model)), .init("accuracy", .number(result.accuracy)),
            .init("tested", .number(result.tested)), .init("folds", .number(result.folds)),
            .init("steps", .number(result.steps)),
            .init("epoch_losses", .array(result.losses.map { .number($0) })),
        ])
    }

    private static func json(_ result: CheckpointResult) -> JSONValue {
        .object([
            .init("name", .string(result.name)), .init("step", result.step.map { .number($0) } ?? .null),
            .init("mean_log_variance", .number(result.uncertainty)),
            .init("recall_at_1", recalls(result.backbone, result.mean, result.distribution)),
        ])
    }

    private static func recalls(_ backbone: Double, _ mean: Double, _ distribution: Double) -> JSONValue {
        .object([
            .init("backbone", .number(backbone)), .init("mean", .number(mean)),
            .init("distribution", .number(distribution)),
        ])
    }

    private static func json(_ result: UncertaintyResult) -> JSONValue {
        .object([
            .init("model", .string(result.model)),
            .init(
                "bins",
                .array(
                    result.bins.map { bin in
                        .object([
                            .init("mean_log_variance", .number(bin.uncertainty)),
                            .init("queries", .number(bin.count)),
                            .init("recall_at_1", recalls(bin.backbone, bin.mean, bin.distribution)),
                        ])
                    })),
            .init(
                "inflation",
                .array(
                    result.inflation.map { step in
                        .object([
                            .init("factor", .number(step.factor)),
                            .init("mean_log_variance", .number(step.uncertainty)),
                            .init("recall_at_1_distribution", .number(step.distribution)),
                            .init("recall_at_1_samples", .number(step.sampled)),
                        ])
                    })),
        ])
    }
}
