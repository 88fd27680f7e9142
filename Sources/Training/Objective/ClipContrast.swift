import Glibc

/// The baseline that the paper argues against: clips are points μ, and those of one video attract each other
/// (InfoNCE). With sim = μ_a·μ_c/T and P(a) the other clips of a's video,
/// L = mean_a [ LSE_{c≠a} sim_ac − mean_{p∈P(a)} sim_ap ].
package struct ClipContrast: Sendable {
    /// L; 0 where no clip has another of its video.
    package let loss: Double

    private let mu: [Double]
    /// A · (∂L/∂sim + its transpose), [A, A], upper triangle; empty where there is no loss.
    private let pulls: [Double]
    private let temperature: Double
    private let shape: ObjectiveShape

    /// - Parameter mu: μ, [M, N, D].
    package init(mu: [Double], temperature: Double, shape: ObjectiveShape) {
        precondition(mu.count == shape.headCount, "another batch's outputs")
        self.mu = mu
        self.temperature = temperature
        self.shape = shape
        let count = shape.mixtures * shape.clips
        guard shape.clipsOfVideo > 1 else {
            loss = 0
            pulls = []
            return
        }
        var sum = 0.0
        pulls = SymmetricProduct.upperTriangle(rows: count) { rows in
            SymmetricProduct.gram(
                mu, rows: count, width: shape.dimension, scale: 1 / temperature, into: rows)
            for a in 0..<count {
                for c in a + 1..<count { rows[c * count + a] = rows[a * count + c] }
            }
            for a in 0..<count {
                sum += Self.anchorLoss(rows + a * count, anchor: a, count: count, shape)
            }
            for a in 0..<count {
                for c in a + 1..<count { rows[a * count + c] += rows[c * count + a] }
            }
        }
        loss = sum / Double(count)
    }

    /// The loss of one anchor; its row of similarities becomes the loss's gradient with respect to them,
    /// softmax_c − [c ∈ P]/|P|, 0 at the anchor.
    private static func anchorLoss(
        _ row: UnsafeMutablePointer<Double>, anchor: Int, count: Int, _ shape: ObjectiveShape
    ) -> Double {
        let video = shape.video(anchor / shape.clips)
        let share = 1 / Double(shape.clipsOfVideo - 1)
        var largest = -Double.infinity
        for c in 0..<count where c != anchor { largest = row[c] > largest ? row[c] : largest }
        row[anchor] = -.infinity
        var attraction = 0.0
        forEachClip(of: video, shape) { c in
            if c != anchor { attraction += share * row[c] }
        }
        var sum = 0.0
        for c in 0..<count {
            row[c] = exp(row[c] - largest)
            sum += row[c]
        }
        for c in 0..<count { row[c] /= sum }
        forEachClip(of: video, shape) { c in
            if c != anchor { row[c] -= share }
        }
        return largest + log(sum) - attraction
    }

    private static func forEachClip(of video: Int, _ shape: ObjectiveShape, _ visit: (Int) -> Void) {
        for view in 0..<shape.views {
            let first = (view * shape.videos + video) * shape.clips
            for clip in first..<first + shape.clips { visit(clip) }
        }
    }

    /// ∂L/∂sim_ac = (softmax_ac − [c ∈ P(a)]/|P|)/A; ∂L/∂μ = (∂L/∂sim + its transpose) μ/T.
    ///
    /// - Returns: `scale` times it, [M, N, D].
    package func backward(_ scale: Double) -> [Double] {
        guard !pulls.isEmpty else { return [Double](repeating: 0, count: mu.count) }
        let count = shape.mixtures * shape.clips
        return SymmetricProduct.apply(
            upper: pulls, to: mu, rows: count, width: shape.dimension,
            scale: scale / (Double(count) * temperature))
    }
}

extension ObjectiveShape {
    /// Clips of one video in the batch, over its views.
    var clipsOfVideo: Int { views * clips }
}
