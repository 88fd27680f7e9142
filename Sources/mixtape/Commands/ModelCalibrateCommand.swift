import ArgumentParser
import Evaluation
import Service
import VideoEncoding

struct ModelCalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Fit how a model's distances read as scores, and write it into the model.",
        discussion: """
            The pairs are a CSV file with the columns query (any name), distance (as search prints it) and shares \
            (1 where both videos share footage, else 0). The curve is fitted on every second query and measured \
            on the others. tools/copies --pairs writes such a file.
            """)

    @Argument(help: .init("The model folder.", valueName: "MODEL"))
    var model: String

    @Option(help: .init("The CSV file of pairs.", valueName: "FILE"))
    var pairs: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let report: CalibrationReport
        do {
            let pairs = try CalibrationPairs(contentsOf: pairs)
            report = try ModelCalibration.run(model: model, pairs: pairs, source: self.pairs)
        } catch let error as EvaluationError {
            throw CommandError(message: error.message, hint: error.hint)
        } catch let error as ModelError {
            throw LibraryError(error)
        }
        if json {
            return Terminal.data([
                "fitted_pairs": .number(report.fittedPairs), "held_out_pairs": .number(report.heldOutPairs),
                "expected_calibration_error": .number(report.expectedError),
                "precision": .number(report.precision), "recall": .number(report.recall),
            ])
        }
        func percent(_ share: Double) -> String { "\(TimeText.fixed(100 * share, decimals: 2)) %" }
        Terminal.data(
            """
            fitted on \(report.fittedPairs) pairs, measured on \(report.heldOutPairs) others
            expected calibration error \(TimeText.fixed(report.expectedError, decimals: 4))
            at score 0.5: precision \(report.precision.map(percent) ?? "-"), recall \(percent(report.recall))
            """)
    }
}
