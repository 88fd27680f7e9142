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
        [
            "protocol": .string(facts.isSplit ? "split" : "leave-one-out"),
            "clips": .number(facts.clipCount), "readable": .number(facts.readable),
            "queries": .number(facts.queries), "gallery": .number(facts.gallery),
            "classes": .number(facts.classes), "distractors": .number(facts.distractors),
            "without_match": .array(facts.lonely.map { .string($0) }),
            "skipped": .array(
                facts.skipped.map { skipped in
                    [
                        "name": .string(skipped.name), "reason": .string(skipped.error.reason.rawValue),
                        "detail": .string(skipped.error.detail),
                    ]
                }),
            "source_pattern": Self.text(facts.sourcePattern),
            "near_copy_distance": .number(facts.nearCopyDistance),
        ]
    }

    private static func json(_ row: RetrievalRow) -> JSONValue {
        [
            "model": .string(row.model), "compared_by": text(row.representation?.rawValue),
            "centered": .bool(row.isCentered),
            "recall": .object(zip(RankingScore.ranks, row.recalls).map { .init("\($0)", .number($1)) }),
            "mean_average_precision": .number(row.meanAveragePrecision),
        ]
    }

    private static func json(_ result: Significance) -> JSONValue {
        [
            "row": .string(result.row), "baseline": .string(result.baseline),
            "difference": .number(result.difference), "low": .number(result.low),
            "high": .number(result.high), "p": .number(result.probability), "above": .bool(result.isAbove),
        ]
    }

    private static func json(_ result: ProbeResult) -> JSONValue {
        [
            "model": .string(result.model), "features": .string(result.representation.rawValue),
            "accuracy": .number(result.accuracy), "tested": .number(result.tested),
            "folds": .number(result.folds), "converged": .bool(result.hasConverged),
        ]
    }

    private static func json(_ result: FineTuneResult) -> JSONValue {
        [
            "model": .string(result.model), "accuracy": .number(result.accuracy),
            "tested": .number(result.tested), "folds": .number(result.folds), "steps": .number(result.steps),
            "epoch_losses": .array(result.losses.map { .number($0) }),
        ]
    }

    private static func json(_ result: CheckpointResult) -> JSONValue {
        [
            "name": .string(result.name), "step": result.step.map { .number($0) } ?? .null,
            "mean_log_variance": .number(result.uncertainty),
            "recall_at_1": json(result.recalls),
        ]
    }

    private static func json(_ recalls: ModelRecalls) -> JSONValue {
        [
            "backbone": .number(recalls.backbone), "mean": .number(recalls.mean),
            "distribution": .number(recalls.distribution),
        ]
    }

    private static func json(_ result: UncertaintyResult) -> JSONValue {
        [
            "model": .string(result.model),
            "bins": .array(
                result.bins.map { bin in
                    [
                        "mean_log_variance": .number(bin.uncertainty), "queries": .number(bin.count),
                        "recall_at_1": json(bin.recalls),
                    ]
                }),
            "inflation": .array(
                result.inflation.map { step in
                    [
                        "factor": .number(step.factor), "mean_log_variance": .number(step.uncertainty),
                        "recall_at_1_distribution": .number(step.distribution),
                        "recall_at_1_samples": .number(step.sampled),
                    ]
                }),
        ]
    }
}
