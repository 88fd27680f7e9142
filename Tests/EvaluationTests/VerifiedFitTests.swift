import Distributions
import Evaluation
import Foundation
import Testing
import VideoEncoding

@Suite struct VerifiedFitTests {
    /// Pairs whose truth is drawn by known weights.
    private func pairs(_ count: Int, _ truth: VerifiedCalibration, seed: UInt64) -> [CalibrationPairs.Pair] {
        var state = seed
        func uniform() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53
        }
        return (0..<count).map { _ in
            var agreement = Agreement(
                change: 2 * uniform() - 1, steps: 2 * uniform() - 1, detail: 2 * uniform() - 1,
                motion: 8 * uniform(),
                pictures: 4 + Int(20 * uniform()), speed: 0.5 + uniform())
            agreement.common.change = uniform()
            agreement.common.detail = uniform()
            let distance = 60 * uniform()
            let share = truth.score(distance: distance, .agreement(agreement)) ?? 0
            return CalibrationPairs.Pair(
                distance: distance, sharesFootage: uniform() < share, verification: .agreement(agreement))
        }
    }

    @Test func knownWeightsAreFound() throws {
        let truth = VerifiedCalibration(weights: [-1, -0.4, 3, 1, 0.5, 1, 2, 0.3, -2, -0.5, -4])
        let fit = try #require(VerifiedFit.fit(pairs(40_000, truth, seed: 7)))
        for (found, wanted) in zip(fit.weights, truth.weights) {
            #expect(abs(found - wanted) < 0.35, "\(fit.weights)")
        }
    }

    /// Each way of looking at a query divides the odds.
    @Test func moreWaysOfLookingNeedMoreEvidence() {
        let weights = VerifiedCalibration(weights: [-1, -0.4, 3, 1, 0.5, 1, 2, 0.3, -2, -0.5, -4])
        let scores = ScoreCalibration(
            modelFingerprint: "m", offset: 0, slope: -1, threshold: 0.5, verified: weights)
        let seen = Verification.agreement(
            Agreement(change: 0.9, steps: 0.8, detail: 0.7, motion: 8, pictures: 12))
        func odds(_ ways: Int) -> Double {
            let score = scores.score(distance: 2, verification: seen, ways: ways)
            return score / (1 - score)
        }
        #expect(scores.score(distance: 2, verification: seen) == weights.score(distance: 2, seen))
        #expect(abs(odds(9) * 9 / odds(1) - 1) < 1e-6 && odds(1) > 1)
        let most = Int(odds(1).rounded(.down))
        #expect(scores.sharesFootage(distance: 2, verification: seen, ways: most))
        #expect(!scores.sharesFootage(distance: 2, verification: seen, ways: most + 1))
    }

    @Test func pairsThatWereNotLookedAtTakeNoPart() {
        let unseen = [0.0, 5].map { CalibrationPairs.Pair(distance: $0, sharesFootage: $0 == 0) }
        #expect(VerifiedFit.fit(unseen) == nil)
    }

    @Test func agreementsAreReadFromPairs() throws {
        let head =
            "query,distance,shares,verified,change,steps,detail,motion,pictures,common_change,common_detail\n"
        let rows = """
            a,1.5,1,1,0.9,0.8,0.7,3,16,0.2,0.1
            a,40,0,1,,,,,,,
            b,1,1,0,,,,,,,
            b,2,0,1,0.1,0.2,0.3,4,8,0,0

            """
        let pairs = try CalibrationPairs(csv: head + rows, path: "pairs.csv")
        var agreement = Agreement(change: 0.9, steps: 0.8, detail: 0.7, motion: 3, pictures: 16)
        agreement.common.change = 0.2
        agreement.common.detail = 0.1
        #expect(pairs.fitted.map(\.verification) == [.agreement(agreement), .nothingCorresponds])
        #expect(pairs.heldOut[0].verification == .unavailable && pairs.areVerified)
        let fast = try CalibrationPairs(
            csv: head.dropLast() + ",speed\n"
                + rows.split(separator: "\n").map { $0 + ($0.contains("1,,") ? ",\n" : ",1.25\n") }.joined(),
            path: "pairs.csv")
        agreement.speed = 1.25
        #expect(fast.fitted.first?.verification == .agreement(agreement))
        for wrong in ["a,1,1,1,x,0,0,1,1,0,0", "a,1,1,1,0,0,0,-1,1,0,0", "a,1,1,1,0,0,0,1,,0,0"] {
            #expect(throws: EvaluationError.self) {
                try CalibrationPairs(csv: head + rows + wrong + "\n", path: "pairs.csv")
            }
        }
    }
}
