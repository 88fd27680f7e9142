import Training

extension EvaluationReport {
    /// Writes `report.md`, `report.json`, and CSV files and SVG plots of whatever was measured; the folder is made
    /// if need be, files of the same names are replaced.
    ///
    /// - Returns: the names of the files, in the order of writing.
    @discardableResult
    public func write(to folder: String) throws(EvaluationError) -> [String] {
        try OutputFiles.makeFolder(folder)
        var files: [(name: String, text: String)] = [
            ("report.md", markdown + "\n"), ("report.json", json(indent: true) + "\n"),
            ("retrieval.csv", OutputFiles.csv(retrievalCSV)),
        ]
        if !facts.skipped.isEmpty {
            let rows = facts.skipped.map { [$0.name, $0.error.reason.rawValue, $0.error.detail] }
            files.append(("skipped.csv", OutputFiles.csv([["name", "reason", "detail"]] + rows)))
        }
        if !significances.isEmpty { files.append(("significance.csv", OutputFiles.csv(significanceCSV))) }
        if !probes.isEmpty { files.append(("probe.csv", OutputFiles.csv(probeCSV))) }
        if !fineTunes.isEmpty {
            files.append(("fine-tune.csv", OutputFiles.csv(fineTuneCSV)))
            files.append(("fine-tune.svg", fineTunePlot))
        }
        if !checkpoints.isEmpty {
            files.append(("checkpoints.csv", OutputFiles.csv(checkpointCSV)))
            files.append(("checkpoints.svg", checkpointPlot))
        }
        if !uncertainties.isEmpty {
            files.append(("uncertainty-bins.csv", OutputFiles.csv(binCSV)))
            files.append(("uncertainty-bins.svg", binPlot))
            files.append(("uncertainty-raised.csv", OutputFiles.csv(inflationCSV)))
            files.append(("uncertainty-raised.svg", inflationPlot))
        }
        for file in files { try OutputFiles.write(file.text, to: "\(folder)/\(file.name)") }
        return files.map(\.name)
    }

    // MARK: - Tables

    private var retrievalCSV: [[String]] {
        [["model", "compared_by", "centered"] + RankingScore.ranks.map { "recall@\($0)" } + ["mAP"]]
            + rows.map { row in
                [row.model, row.representation?.rawValue ?? "", "\(row.isCentered)"]
                    + row.recalls.map { "\($0)" }
                    + ["\(row.meanAveragePrecision)"]
            }
    }

    private var significanceCSV: [[String]] {
        [["row", "baseline", "difference", "low", "high", "p"]]
            + significances.map {
                [$0.row, $0.baseline, "\($0.difference)", "\($0.low)", "\($0.high)", "\($0.probability)"]
            }
    }

    private var probeCSV: [[String]] {
        [["model", "features", "tested", "folds", "accuracy", "converged"]]
            + probes.map {
                [
                    $0.model, $0.representation.rawValue, "\($0.tested)", "\($0.folds)", "\($0.accuracy)",
                    "\($0.hasConverged)",
                ]
            }
    }

    private var fineTuneCSV: [[String]] {
        [["model", "tested", "folds", "steps", "accuracy", "first_epoch_loss", "last_epoch_loss"]]
            + fineTunes.map {
                [
                    $0.model, "\($0.tested)", "\($0.folds)", "\($0.steps)", "\($0.accuracy)",
                    $0.losses.first.map { "\($0)" } ?? "", $0.losses.last.map { "\($0)" } ?? "",
                ]
            }
    }

    private var checkpointCSV: [[String]] {
        [["checkpoint", "step", "mean_log_variance"] + ModelRecalls.columns]
            + checkpoints.map {
                [$0.name, $0.step.map { "\($0)" } ?? "", "\($0.uncertainty)"]
                    + $0.recalls.all.map { "\($0)" }
            }
    }

    private var binCSV: [[String]] {
        [["model", "mean_log_variance", "queries"] + ModelRecalls.columns]
            + uncertainties.flatMap { result in
                result.bins.map {
                    [result.model, "\($0.uncertainty)", "\($0.count)"] + $0.recalls.all.map { "\($0)" }
                }
            }
    }

    private var inflationCSV: [[String]] {
        [["model", "factor", "mean_log_variance", "recall@1_distribution", "recall@1_samples"]]
            + uncertainties.flatMap { result in
                result.inflation.map {
                    [
                        result.model, "\($0.factor)", "\($0.uncertainty)", "\($0.distribution)",
                        "\($0.sampled)",
                    ]
                }
            }
    }

    // MARK: - Plots

    private static func series<Element>(
        _ name: String, _ elements: [Element], x: (Element) -> Double, y: (Element) -> Double
    ) -> CurvePlot.Series {
        CurvePlot.Series(name: name, points: elements.map { SIMD2(x($0), y($0)) })
    }

    /// A line for each of the recalls.
    private static func recalls<Element>(
        _ elements: [Element], x: (Element) -> Double, _ recalls: (Element) -> ModelRecalls
    ) -> [CurvePlot.Series] {
        ModelRecalls.names.enumerated().map { place, name in
            series(name, elements, x: x) { recalls($0).all[place] }
        }
    }

    private var fineTunePlot: String {
        CurvePlot.svg([
            .init(
                title: "fine-tuning: cross entropy of the training clips", xLabel: "epoch",
                series: fineTunes.map { result in
                    Self.series(result.model, Array(result.losses.enumerated())) {
                        Double($0.offset + 1)
                    } y: {
                        $0.element
                    }
                })
        ])
    }

    /// By step where all have one, else by their places.
    private var checkpointPlot: String {
        let haveSteps = checkpoints.allSatisfy { $0.step != nil }
        let numbered = checkpoints.enumerated().map { place, result in
            (x: Double(haveSteps ? result.step ?? 0 : place + 1), result: result)
        }
        let label = haveSteps ? "step" : "checkpoint"
        let byUncertainty = numbered.sorted { $0.result.uncertainty < $1.result.uncertainty }
        return CurvePlot.svg([
            .init(
                title: "mean log variance over training", xLabel: label,
                series: [Self.series("all videos", numbered, x: \.x) { $0.result.uncertainty }]),
            .init(
                title: "recall@1 over training", xLabel: label,
                series: Self.recalls(numbered, x: \.x, \.result.recalls)),
            .init(
                title: "recall@1 against mean uncertainty", xLabel: "mean log variance",
                series: Self.recalls(byUncertainty, x: \.result.uncertainty, \.result.recalls)),
        ])
    }

    private var binPlot: String {
        CurvePlot.svg(
            uncertainties.map { result in
                .init(
                    title: "\(result.model): recall@1 of queries by their uncertainty",
                    xLabel: "mean log variance of the bin's queries",
                    series: Self.recalls(result.bins, x: \.uncertainty, \.recalls))
            })
    }

    private var inflationPlot: String {
        CurvePlot.svg(
            uncertainties.map { result in
                .init(
                    title: "\(result.model): recall@1 as the queries' variances are raised",
                    xLabel: "mean log variance of the queries",
                    series: [
                        Self.series("distribution", result.inflation, x: \.uncertainty, y: \.distribution),
                        Self.series("samples", result.inflation, x: \.uncertainty, y: \.sampled),
                    ])
            })
    }
}
