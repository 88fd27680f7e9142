import Distributions
import Evaluation
import Foundation
import TestSupport
import Testing
import VideoEncoding

@Suite struct CalibrationTests {
    /// Pairs drawn from a curve.
    func pairs(_ count: Int, offset: Double, slope: Double, seed: UInt64) -> [CalibrationPairs.Pair] {
        var random = SeededGenerator(seed: seed)
        let curve = ScoreCalibration(modelFingerprint: "", offset: offset, slope: slope)
        return (0..<count).map { _ in
            let distance = 12 * Double.random(in: 0..<1, using: &random)
            let shares = Double.random(in: 0..<1, using: &random) < curve.score(distance: distance)
            return .init(distance: distance, sharesFootage: shares)
        }
    }

    @Test func theCurveThatMadeThePairsIsFound() throws {
        let fit = try #require(CalibrationFit.fit(pairs(20_000, offset: 5, slope: 3, seed: 1)))
        #expect(abs(fit.offset - 5) < 0.25 && abs(fit.slope - 3) < 0.15, "\(fit)")
        let curve = ScoreCalibration(modelFingerprint: "", offset: fit.offset, slope: fit.slope)
        let fresh = pairs(20_000, offset: 5, slope: 3, seed: 2)
        let report = CalibrationReport(curve, fittedPairs: 20_000, on: fresh)
        #expect(report.expectedError < 0.02 && report.heldOutPairs == 20_000)
        // A curve that is always sure is wrong by what it is too sure of.
        let sure = ScoreCalibration(modelFingerprint: "", offset: 500, slope: 300)
        #expect(CalibrationReport(sure, fittedPairs: 0, on: fresh).expectedError > 0.1)
    }

    @Test func pairsWithoutOverlapHaveAFiniteAnswer() throws {
        let apart = (0..<50).map {
            CalibrationPairs.Pair(distance: $0 < 25 ? 0.5 : 9, sharesFootage: $0 < 25)
        }
        let fit = try #require(CalibrationFit.fit(apart))
        let curve = ScoreCalibration(modelFingerprint: "", offset: fit.offset, slope: fit.slope)
        // Platt's targets: 26/27 and 1/27.
        #expect(abs(curve.score(distance: 0.5) - 26.0 / 27) < 1e-3)
        #expect(abs(curve.score(distance: 9) - 1.0 / 27) < 1e-3)
        let report = CalibrationReport(curve, fittedPairs: 50, on: apart)
        #expect(report.precision == 1 && report.recall == 1)
    }

    @Test func theThresholdHasThePrecisionForSure() throws {
        let curve = ScoreCalibration(modelFingerprint: "", offset: 5, slope: 3)
        let fitted = pairs(20_000, offset: 5, slope: 3, seed: 3)
        let threshold = CalibrationFit.threshold(curve, fitted, precision: 0.95)
        let found = fitted.filter { curve.score(distance: $0.distance) >= threshold }
        let precision = Double(found.count { $0.sharesFootage }) / Double(found.count)
        // Sure of it, but not surer than so many pairs ask for.
        #expect(precision > 0.95 && precision < 0.97, "\(precision)")
        #expect(CalibrationFit.threshold(curve, fitted, precision: 0.5) < threshold)
    }

    @Test func fewPairsAllowNoClaimAndTheThresholdKeepsOutEveryStranger() {
        let curve = ScoreCalibration(modelFingerprint: "", offset: 5, slope: 3)
        let few = [(0.1, true), (0.2, true), (0.4, false), (0.5, true), (9, false)].map {
            CalibrationPairs.Pair(distance: $0.0, sharesFootage: $0.1)
        }
        #expect(CalibrationFit.threshold(curve, few, precision: 0.99) == curve.score(distance: 0.4))
        let apart = [(0.1, true), (300, false)].map {
            CalibrationPairs.Pair(distance: $0.0, sharesFootage: $0.1)
        }
        #expect(CalibrationFit.threshold(curve, apart, precision: 0.99) == 0.5)
    }

    @Test func pairsTheWrongWayRoundAreRefused() {
        let wrong = (0..<50).map {
            CalibrationPairs.Pair(distance: $0 < 25 ? 9 : 0.5, sharesFootage: $0 < 25)
        }
        #expect(CalibrationFit.fit(wrong) == nil)
    }

    @Test func scoreAndDistanceAreInverse() {
        let curve = ScoreCalibration(modelFingerprint: "", offset: 4, slope: 2.5)
        for score in [0.01, 0.5, 0.9] {
            #expect(abs(curve.score(distance: curve.distance(score: score)) - score) < 1e-12)
        }
        #expect(curve.distance(score: 0.9999) < 0, "no distance has it")
        #expect(curve.score(distance: 1e300) == 0 && curve.score(distance: 0) < 1)
    }

    @Test func queriesAreOnOneSideOnly() throws {
        var csv = "query,path,distance,shares\n"
        for query in 0..<6 { csv += "q\(query),\"a,b\",0.5,1\nq\(query),x,\(3 + query),0\n" }
        let pairs = try CalibrationPairs(csv: csv, path: "pairs.csv")
        #expect(pairs.fitted.filter { !$0.sharesFootage }.map(\.distance) == [3, 5, 7])
        #expect(pairs.heldOut.filter { !$0.sharesFootage }.map(\.distance) == [4, 6, 8])
        #expect(pairs.fitted.count == 6 && pairs.heldOut.count == 6)
    }

    @Test(arguments: [
        ("", "is empty"), ("query,shares\n", "no column \"distance\""),
        ("query,distance,shares\na,-1,1\n", "\"-1\" is not a distance"),
        ("query,distance,shares\na,nan,1\n", "\"nan\" is not a distance"),
        ("query,distance,shares\na,1,yes\n", "\"yes\" is neither 0 nor 1"),
        ("query,distance,shares\na,1\n", "has 2 fields"),
        ("query,distance,shares\na,1,1\nb,1,1\n", "lacks pairs"),
    ])
    func badFilesAreErrors(text: String, problem: String) {
        do throws(EvaluationError) {
            _ = try CalibrationPairs(csv: text, path: "pairs.csv")
            Issue.record("no error")
        } catch {
            #expect(error.message.hasPrefix("pairs.csv, line") && error.message.contains(problem), "\(error)")
        }
    }

    @Test func theModelKeepsItsScoresAndItsFingerprint() throws {
        let place = try TemporaryFolder()
        let folder = place.file("model")
        let preset = try #require(ModelPreset(name: "slowonly18-w4"))
        try ModelFactory.create(
            at: folder, configuration: preset.configuration(dimension: 8), seed: 1, clipCount: 4)
        let before = try VideoEncoder(folder: folder).fingerprint
        let pairs = CalibrationPairs(
            fitted: pairs(500, offset: 4, slope: 3, seed: 3),
            heldOut: pairs(500, offset: 4, slope: 3, seed: 4))
        let report = try ModelCalibration.run(
            model: folder, pairs: pairs, precision: 0.99, source: "pairs.csv")
        #expect(report.fittedPairs == 500 && report.heldOutPairs == 500)
        let after = try VideoEncoder(folder: folder)
        #expect(after.fingerprint == before)
        #expect(after.configuration.calibration?.modelFingerprint == before)
    }
}
