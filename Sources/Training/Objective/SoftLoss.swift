import Glibc

/// The soft loss of every pair of mixtures, from the match probability of its K² pairs of samples
/// (paper eq. 9): p = mean_kk' sigmoid(−a‖z_i^k − z_j^k'‖ + b); ℓ = −log p on positives, −log(1 − p) on
/// negatives.
///
/// With y = x on positives and −x on negatives, ℓ = −(LSE_kk' logsigmoid(y) − log K²). The log-sum-exp is
/// taken with one logarithm a pair of mixtures: sigmoid(y) = exp(min(y, 0))/(1 + exp(−|y|)), divided by
/// exp(min(max y, 0)), can't overflow, and its largest is at least ½.
package struct SoftLoss: Sendable {
    /// ℓ, [M, M]; symmetric.
    package let losses: [Double]

    private let samples: [Double]
    /// ∂ℓ_ij/∂(½‖z_r − z_c‖²), [MK, MK], upper triangle. The distances' own matrix, overwritten: at these
    /// sizes fresh pages cost as much as the arithmetic.
    private var pulls: [Double]
    /// ∂ℓ_ij/∂α and ∂ℓ_ij/∂b, [M, M], j ≥ i only.
    private let alphaSlopes: [Double]
    private let bSlopes: [Double]
    private let shape: ObjectiveShape

    /// Under the root of ‖z − z'‖², so that its gradient is 0, not undefined, at equal samples.
    private static let squaredFloor = 1e-12

    /// - Parameters:
    ///   - samples: z, [M, K, D].
    ///   - positive: [M, M], symmetric.
    package init(
        samples: [Double], positive: [Bool], parameters: MatchParameters, shape: ObjectiveShape
    ) {
        precondition(
            samples.count == shape.noiseCount && positive.count == shape.mixtures * shape.mixtures,
            "samples of another batch")
        let rows = shape.mixtures * shape.samples
        let a = exp(parameters.alpha)
        let b = parameters.b
        var losses = [Double](repeating: 0, count: positive.count)
        var alphaSlopes = losses
        var bSlopes = losses
        let pulls = SymmetricProduct.upperTriangle(rows: rows) { distances in
            Self.distances(samples, rows: rows, shape: shape, into: distances)
            for i in 0..<shape.mixtures {
                for j in i..<shape.mixtures {
                    let index = i * shape.mixtures + j
                    let pair = Self.pairLoss(
                        distances, Block(first: i * shape.samples * rows + j * shape.samples, row: rows),
                        shape.samples, sign: positive[index] ? 1 : -1, a, b)
                    losses[index] = pair.loss
                    losses[j * shape.mixtures + i] = pair.loss
                    alphaSlopes[index] = pair.alphaSlope
                    bSlopes[index] = pair.bSlope
                }
            }
        }
        self.losses = losses
        self.samples = samples
        self.pulls = pulls
        self.alphaSlopes = alphaSlopes
        self.bSlopes = bSlopes
        self.shape = shape
    }

    /// Where the K × K block of a pair starts, and how far its rows are apart.
    private struct Block {
        var first: Int
        var row: Int
    }

    /// ℓ of one pair and its slopes; ∂ℓ/∂x = −sign · softmax(logsigmoid(y)) · sigmoid(−y).
    ///
    /// With x = −a q + b and q = √(‖z − z'‖² + floor): ∂x/∂(½‖z − z'‖²) = −a/q, ∂x/∂α = −a q, ∂x/∂b = 1.
    ///
    /// - Parameter block: q on entry, ∂ℓ/∂(½‖z − z'‖²) on return.
    private static func pairLoss(
        _ matrix: UnsafeMutablePointer<Double>, _ block: Block, _ count: Int, sign: Double, _ a: Double,
        _ b: Double
    ) -> (loss: Double, alphaSlope: Double, bSlope: Double) {
        var largest = -Double.infinity
        for k in 0..<count {
            for l in 0..<count {
                let y = sign * (b - a * matrix[block.first + k * block.row + l])
                largest = y > largest ? y : largest
            }
        }
        let ceiling = min(largest, 0)
        var sum = 0.0
        var complement = 0.0
        var slopes = 0.0
        var slopesByDistance = 0.0
        for k in 0..<count {
            for l in 0..<count {
                let index = block.first + k * block.row + l
                let distance = matrix[index]
                let y = sign * (b - a * distance)
                let decay = exp(-abs(y))
                let sigmoid = (y < 0 ? exp(y - ceiling) : 1) / (1 + decay)
                let other = (y < 0 ? 1 : decay) / (1 + decay)
                let slope = sigmoid * other
                sum += sigmoid
                complement += other
                slopes += slope
                slopesByDistance += slope * distance
                matrix[index] = slope / distance
            }
        }
        let scale = -sign / sum
        for k in 0..<count {
            for l in 0..<count { matrix[block.first + k * block.row + l] *= -a * scale }
        }
        let pairs = Double(count * count)
        // Where the probability is near 1 its logarithm is a small number, which the sum can't hold.
        let loss = complement < 0.5 * pairs ? -log1p(-complement / pairs) : -(ceiling + log(sum / pairs))
        return (loss, -a * scale * slopesByDistance, scale * slopes)
    }

    /// √(‖z − z'‖² + floor) of all pairs of samples, [MK, MK], the blocks (i, j ≥ i) only.
    ///
    /// ‖z‖² + ‖z'‖² − 2 z·z' from one matrix product; where that cancels, the differences themselves.
    /// At the bound below the relative error of the product form is still under 1e-11.
    private static func distances(
        _ samples: [Double], rows: Int, shape: ObjectiveShape, into gram: UnsafeMutablePointer<Double>
    ) {
        let width = shape.dimension
        SymmetricProduct.gram(samples, rows: rows, width: width, scale: 1, into: gram)
        let norms = (0..<rows).map { gram[$0 * rows + $0] }
        samples.withUnsafeBufferPointer { samples in
            for r in 0..<rows {
                gram[r * rows + r] = squaredFloor.squareRoot()
                for c in r + 1..<rows {
                    let scale = norms[r] + norms[c]
                    var squared = scale - 2 * gram[r * rows + c]
                    if squared < 1e-4 * scale {
                        squared = 0
                        for d in 0..<width {
                            let offset = samples[r * width + d] - samples[c * width + d]
                            squared += offset * offset
                        }
                    }
                    gram[r * rows + c] = (squared + squaredFloor).squareRoot()
                }
                // The rest of the block (i, i), which is symmetric.
                for c in r / shape.samples * shape.samples..<r { gram[r * rows + c] = gram[c * rows + r] }
            }
        }
    }

    /// ∂L/∂z_r = Σ_c w_rc (z_r − z_c) = (Σ_c w_rc) z_r − (W z)_r, one more matrix product. Overwrites what
    /// the forward pass kept: to be called once.
    ///
    /// - Parameter dLosses: ∂L/∂ℓ over ordered pairs, [M, M].
    /// - Returns: with respect to the samples [M, K, D], α and b.
    package mutating func backward(_ dLosses: [Double]) -> (samples: [Double], alpha: Double, b: Double) {
        let count = shape.samples
        let rows = shape.mixtures * count
        precondition(pulls.count == rows * rows, "the backward pass runs once")
        var weights: [Double] = []
        swap(&weights, &pulls)
        var sums = [Double](repeating: 0, count: rows)
        var dAlpha = 0.0
        var dB = 0.0
        weights.withUnsafeMutableBufferPointer { weights in
            for i in 0..<shape.mixtures {
                for j in i..<shape.mixtures {
                    let index = i * shape.mixtures + j
                    let upstream = dLosses[index] + (i == j ? 0 : dLosses[j * shape.mixtures + i])
                    dAlpha += upstream * alphaSlopes[index]
                    dB += upstream * bSlopes[index]
                    // In the block (i, i) a pair of samples comes twice, once from either side.
                    let scale = i == j ? 2 * upstream : upstream
                    for r in i * count..<(i + 1) * count {
                        for c in max(j * count, r)..<(j + 1) * count {
                            // A sample and itself: the difference is 0 whatever it is weighted with.
                            let weight = r == c ? 0 : scale * weights[r * rows + c]
                            weights[r * rows + c] = weight
                            sums[r] += weight
                            sums[c] += weight
                        }
                    }
                }
            }
        }
        var dSamples = SymmetricProduct.apply(
            upper: weights, to: samples, rows: rows, width: shape.dimension, scale: -1)
        for r in 0..<rows {
            for d in r * shape.dimension..<(r + 1) * shape.dimension { dSamples[d] += sums[r] * samples[d] }
        }
        return (dSamples, dAlpha, dB)
    }
}
