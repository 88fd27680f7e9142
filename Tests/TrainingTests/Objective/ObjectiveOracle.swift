import Glibc
import Training

/// The objective as it is written down, one loop a sum, nothing shared and nothing rearranged.
struct Oracle {
    var batch: Batch
    var configuration: ObjectiveConfiguration
    var shape: ObjectiveShape { batch.shape }

    func mu(_ i: Int, _ n: Int, _ d: Int) -> Double {
        batch.mu[(i * shape.clips + n) * shape.dimension + d]
    }

    func mean(_ i: Int, _ d: Int) -> Double {
        (0..<shape.clips).map { mu(i, $0, d) }.reduce(0, +) / Double(shape.clips)
    }

    func variance(_ i: Int, _ d: Int) -> Double {
        var sum = 0.0
        for n in 0..<shape.clips {
            let s = batch.s[(i * shape.clips + n) * shape.dimension + d]
            sum += exp(s) + pow(mu(i, n, d) - mean(i, d), 2)
        }
        return sum / Double(shape.clips)
    }

    func sample(_ i: Int, _ k: Int, _ d: Int) -> Double {
        mean(i, d) + sqrt(variance(i, d)) * batch.noise[(i * shape.samples + k) * shape.dimension + d]
    }

    func bhattacharyya(_ i: Int, _ j: Int) -> Double {
        var sum = 0.0
        for d in 0..<shape.dimension {
            let a = variance(i, d)
            let b = variance(j, d)
            sum += log(0.25 * (a / b + b / a + 2))
            sum += configuration.lambda * pow(mean(i, d) - mean(j, d), 2) / (a + b)
        }
        return sum / 4
    }

    func sameVideo(_ i: Int, _ j: Int) -> Bool { i % shape.videos == j % shape.videos }

    func tau() -> Double {
        switch configuration.mining {
        case .off: return -.infinity
        case .threshold(let tau): return tau
        case .quantile(let quantile):
            var distances: [Double] = []
            for i in 0..<shape.mixtures {
                for j in 0..<shape.mixtures where !sameVideo(i, j) { distances.append(bhattacharyya(i, j)) }
            }
            if quantile == 0 || distances.isEmpty { return -.infinity }
            return distances.sorted()[Int(floor(quantile * Double(distances.count)))]
        }
    }

    /// Mean over K² of sigmoid(−a‖z − z'‖ + b), and the mean of its complement.
    func probability(_ i: Int, _ j: Int) -> (match: Double, other: Double) {
        var match = 0.0
        var other = 0.0
        for k in 0..<shape.samples {
            for l in 0..<shape.samples {
                var squared = 1e-12
                for d in 0..<shape.dimension { squared += pow(sample(i, k, d) - sample(j, l, d), 2) }
                let x = -exp(batch.parameters.alpha) * sqrt(squared) + batch.parameters.b
                match += 1 / (1 + exp(-x))
                other += 1 / (1 + exp(x))
            }
        }
        let pairs = Double(shape.samples * shape.samples)
        return (match / pairs, other / pairs)
    }

    func uncertainty(_ i: Int) -> Double {
        (0..<shape.dimension).map { log(variance(i, $0)) }.reduce(0, +) / Double(shape.dimension)
    }

    func weighted(_ loss: Double, _ i: Int, _ j: Int) -> Double {
        let pair = uncertainty(i) + uncertainty(j)
        switch configuration.uncertainty {
        case .none: return loss
        case .literal: return loss * 0.25 * exp(min(-pair, 20)) + 0.5 * pair
        case .normalised:
            var center = 0.0
            for a in 0..<shape.mixtures {
                for b in 0..<shape.mixtures { center += uncertainty(a) + uncertainty(b) }
            }
            center /= Double(shape.mixtures * shape.mixtures)
            return loss * exp(min(max(center - pair, -4), 4))
        }
    }

    func reduce(_ positives: [Double], _ negatives: [Double]) -> Double {
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        switch configuration.reduction {
        case .plain: return mean(positives + negatives)
        case .balanced:
            return negatives.isEmpty ? mean(positives) : 0.5 * (mean(positives) + mean(negatives))
        }
    }

    func kl() -> Double {
        var sum = 0.0
        for i in 0..<shape.mixtures {
            for d in 0..<shape.dimension {
                sum += 0.5 * (variance(i, d) + pow(mean(i, d), 2) - 1 - log(variance(i, d)))
            }
        }
        return 2 * sum / Double(shape.mixtures)
    }

    func nce() -> Double {
        let anchors = (0..<shape.mixtures).flatMap { i in (0..<shape.clips).map { (i, $0) } }
        func similarity(_ a: (Int, Int), _ c: (Int, Int)) -> Double {
            (0..<shape.dimension).map { mu(a.0, a.1, $0) * mu(c.0, c.1, $0) }.reduce(0, +)
                / configuration.temperature
        }
        var sum = 0.0
        for a in anchors {
            let others = anchors.filter { $0 != a }
            let positives = others.filter { sameVideo($0.0, a.0) }
            // The convention where there is nothing to be near.
            if positives.isEmpty { return 0 }
            let normaliser = log(others.map { exp(similarity(a, $0)) }.reduce(0, +))
            sum -= positives.map { similarity(a, $0) - normaliser }.reduce(0, +) / Double(positives.count)
        }
        return sum / Double(anchors.count)
    }

    func evaluate() -> (
        total: Double, soft: Double, stochastic: Double, kl: Double, nce: Double, positives: Double
    ) {
        let tau = tau()
        var soft: (positive: [Double], negative: [Double]) = ([], [])
        var stochastic = soft
        var positives = 0
        for i in 0..<shape.mixtures {
            for j in 0..<shape.mixtures {
                let probability = probability(i, j)
                if sameVideo(i, j) || bhattacharyya(i, j) < tau {
                    soft.positive.append(-log(probability.match))
                    stochastic.positive.append(weighted(-log(probability.match), i, j))
                    if i != j { positives += 1 }
                } else {
                    soft.negative.append(-log(probability.other))
                    stochastic.negative.append(weighted(-log(probability.other), i, j))
                }
            }
        }
        let loss = reduce(stochastic.positive, stochastic.negative)
        let omega = configuration.nceWeight
        let total = (1 - omega) * (loss + configuration.klWeight * kl()) + omega * nce()
        return (
            total, reduce(soft.positive, soft.negative), loss, kl(), nce(),
            Double(positives) / Double(shape.mixtures)
        )
    }
}
