import ArgumentParser
import Base
import Evaluation
import Library
import VideoEncoding

struct ModelCalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Fit the scores of a model, and write them into it.",
        discussion: """
            The pairs are a CSV file with the columns query (any name), distance (as search prints it) and shares \
            (1 where both videos share footage, else 0). The curve is fitted on every second query and measured \
            on the others. tools/measure/copies --pairs writes such a file. tools/measure/alike --pairs writes one of videos that look \
            alike, with how far their pictures agree (columns verified, change, steps, detail, motion, pictures, common_change, common_detail, speed): it makes \
            scores of both together, and the model's curve in the distance stays. The lowest score that has the precision asked for \
            becomes the threshold from which on search says that two videos share footage.
            """)

    @Argument(help: .init("The model folder.", valueName: "MODEL"), completion: .directory)
    var model: String

    @Option(help: .init("The CSV file of pairs.", valueName: "FILE"), completion: .file())
    var pairs: String

    @Option(help: .init("Required precision of the threshold (lower confidence bound).", valueName: "P"))
    var precision = 0.99

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard precision > 0, precision < 1 else {
            throw ValidationError("--precision: expected between 0 and 1")
        }
    }

    func run() throws {
        let report = try ModelCalibration.run(
            model: model, pairs: try CalibrationPairs(contentsOf: pairs), precision: precision, source: pairs)
        if json {
            return Terminal.data([
                "fitted_pairs": .number(report.fittedPairs), "held_out_pairs": .number(report.heldOutPairs),
                "expected_calibration_error": .number(report.expectedError),
                "threshold": .number(report.threshold), "precision": .number(report.precision),
                "recall": .number(report.recall),
            ])
        }
        func percent(_ share: Double) -> String { "\((100 * share).fixed(2)) %" }
        Terminal.data(
            """
            fitted on \(report.fittedPairs) pairs, measured on \(report.heldOutPairs) others
            expected calibration error \(report.expectedError.fixed(4))
            at score \(report.threshold.fixed(2)): precision \(report.precision.map(percent) ?? "-"), recall \(percent(report.recall))
            """)
    }
}
