import Base
import VideoEncoding

/// Fits a model's scores and writes them into its `config.json`.
public enum ModelCalibration {
    /// Fits on one half of the queries and measures on the other; the file is replaced as a whole.
    ///
    /// - Parameters:
    ///   - folder: the model whose distances the pairs have.
    ///   - precision: that the threshold shall have, in 0…1 without its ends.
    ///   - source: what the pairs are, for errors.
    /// - Throws: `EvaluationError` if the pairs determine no curve, `ModelError` if the model cannot be read or written.
    public static func run(
        model folder: String, pairs: CalibrationPairs, precision: Double, source: String
    ) throws -> CalibrationReport {
        let path = "\(folder)/config.json"
        let fingerprint = try VideoEncoder(folder: folder).fingerprint
        var configuration = try ModelConfiguration(path: path)
        var curve = try curve(of: fingerprint, configuration, pairs, source)
        if pairs.areVerified {
            curve.verified = VerifiedFit.fit(pairs.fitted)
        }
        curve.threshold = CalibrationFit.threshold(curve, pairs.fitted, precision: precision)
        let report = CalibrationReport(curve, fittedPairs: pairs.fitted.count, on: pairs.heldOut)
        var remarks: [JSONValue.Member] = [
            .init("fitted_pairs", .number(report.fittedPairs)),
            .init("held_out_pairs", .number(report.heldOutPairs)),
            .init("held_out_expected_calibration_error", .number(report.expectedError)),
            .init("held_out_recall_at_threshold", .number(report.recall)),
        ]
        if let precision = report.precision {
            remarks.append(.init("held_out_precision_at_threshold", .number(precision)))
        }
        curve.remarks = .object(remarks)
        configuration.calibration = curve
        do throws(SystemError) {
            try AtomicFile.write(configuration.text, to: path)
        } catch {
            throw ModelError(path: path, message: error.description)
        }
        return report
    }

    /// The curve in the distance: fitted, or the model's own where the pairs were looked at. Such pairs are of videos that look
    /// alike, and parts are aligned by the curve of ordinary ones.
    private static func curve(
        of fingerprint: String, _ configuration: ModelConfiguration, _ pairs: CalibrationPairs,
        _ source: String
    ) throws -> ScoreCalibration {
        if pairs.areVerified, let own = configuration.calibration, own.modelFingerprint == fingerprint {
            return own
        }
        guard let (offset, slope) = CalibrationFit.fit(pairs.fitted) else {
            throw EvaluationError.file(
                path: source, line: 1,
                problem: "pairs that share footage have no smaller distances than the others",
                hint: "check that the distances are this model's")
        }
        return ScoreCalibration(modelFingerprint: fingerprint, offset: offset, slope: slope)
    }
}
