import Base

extension EvaluationReport {
    /// The report as Markdown tables.
    public var markdown: String {
        var parts = [summary, retrievalTable]
        if !significances.isEmpty { parts.append(significanceTable) }
        if !probes.isEmpty || !fineTunes.isEmpty { parts.append(classifierTable) }
        if !checkpoints.isEmpty { parts.append(checkpointTable) }
        for result in uncertainties { parts.append(uncertaintyTables(result)) }
        return parts.joined(separator: "\n\n")
    }

    private var summary: String {
        let protocolText =
            facts.isSplit ? "\(facts.queries) queries against \(facts.gallery) others" : "leave-one-out"
        var text =
            "\(facts.readable) videos of \(facts.classes) classes, \(facts.queries) queries, \(protocolText), "
            + "up to \(facts.clipCount) clips per video, spread evenly."
        if facts.distractors > 0 {
            text += " \(facts.distractors) of the videos are distractors without a label."
        }
        if !facts.lonely.isEmpty {
            text +=
                " \(facts.lonely.count) labelled videos were no queries: no other video that they could find has their class."
        }
        if !facts.skipped.isEmpty { text += " \(facts.skipped.count) files could not be read." }
        if facts.sourcePattern != nil { text += " A query's own source is left out of its gallery." }
        if let distance = facts.nearCopyDistance {
            text += " So is what is nearer than \(distance) by colour histogram."
        }
        return text
    }

    private static func percent(_ share: Double) -> String { (100 * share).fixed(1) }

    private static func table(_ header: [String], left: Int, _ rows: [[String]]) -> String {
        let rule = header.indices.map { $0 < left ? "---" : "---:" }
        return ([header, rule] + rows).map { row in
            "| "
                + row.map {
                    $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
                }
                .joined(separator: " | ") + " |"
        }.joined(separator: "\n")
    }

    private var retrievalTable: String {
        let header = ["model", "compared by", "centred"] + RankingScore.ranks.map { "R@\($0)" } + ["mAP"]
        return Self.table(
            header, left: 3,
            rows.map { row in
                let centered =
                    row.representation?.canBeCentered == true ? (row.isCentered ? "yes" : "no") : "–"
                return [row.model, row.representation?.title ?? "–", centered] + row.recalls.map(Self.percent)
                    + [Self.percent(row.meanAveragePrecision)]
            })
    }

    private var significanceTable: String {
        Self.table(
            ["R@1 of", "less that of", "verdict", "difference", "95 % interval", "p"], left: 3,
            significances.map { result in
                let verdict =
                    result.isAbove
                    ? "above"
                    : (result.difference < 0 && result.probability < 0.05 ? "below" : "no difference shown")
                return [
                    result.row, result.baseline, verdict, Self.percent(result.difference),
                    "\(Self.percent(result.low)) … \(Self.percent(result.high))",
                    result.probability.fixed(4),
                ]
            })
    }

    private var classifierTable: String {
        let probed = probes.map { result in
            let mark = result.hasConverged ? "" : " (not converged)"
            return [
                result.model, "linear probe, \(result.representation.probeTitle)", "\(result.tested)",
                "\(result.folds)", Self.percent(result.accuracy) + mark,
            ]
        }
        let tuned = fineTunes.map { result in
            [
                result.model, "fine-tuned, \(result.losses.count) epochs", "\(result.tested)",
                "\(result.folds)", Self.percent(result.accuracy),
            ]
        }
        return Self.table(["model", "classifier", "tested", "folds", "top-1"], left: 2, probed + tuned)
    }

    private var checkpointTable: String {
        Self.table(
            ["checkpoint", "mean log σ²"] + Self.recallNames, left: 1,
            checkpoints.map { [$0.name, $0.uncertainty.fixed(3)] + $0.recalls.all.map(Self.percent) })
    }

    private static let recallNames = ModelRecalls.names.map { "R@1 \($0)" }

    private func uncertaintyTables(_ result: UncertaintyResult) -> String {
        let bins = Self.table(
            ["\(result.model): queries by uncertainty", "queries"] + Self.recallNames, left: 0,
            result.bins.map {
                [$0.uncertainty.fixed(3), "\($0.count)"] + $0.recalls.all.map(Self.percent)
            })
        let inflation = Self.table(
            ["\(result.model): variance times", "mean log σ²", "R@1 distribution", "R@1 samples"], left: 0,
            result.inflation.map { step in
                [
                    "\(Int(step.factor))", step.uncertainty.fixed(3),
                    Self.percent(step.distribution),
                    Self.percent(step.sampled),
                ]
            })
        return bins + "\n\n" + inflation
    }
}

extension Representation {
    /// What a probe reads: vectors, without any distance.
    var probeTitle: String {
        switch self {
        case .backbone: "backbone mean"
        case .mean: "μ_V"
        case .distribution: "distribution"
        case .histogram: "HSV 8×4×4"
        }
    }
}
