import Distributions

/// One model's features of all videos of a measurement, by kind.
package struct FeatureColumns: Sendable {
    package let backbone: [[Float]]
    package let moments: [Moments]
    package let histogram: [[Float]]

    package init(_ features: [VideoFeatures]) {
        backbone = features.map(\.backbone)
        moments = features.map(\.moments)
        histogram = features.map(\.histogram)
    }

    package var means: [[Float]] { moments.map(\.mean) }
}

/// What of a video is compared.
public enum Representation: String, Sendable, CaseIterable, Codable {
    /// Mean over the clips of the backbone's feature, by cosine.
    case backbone
    /// μ_V, by cosine.
    case mean
    /// N(μ_V, σ²_V), by the closed-form Bhattacharyya distance (paper eq. 6, matched sampling). Taking the same vector
    /// from all means does not change it, so centring does not apply.
    case distribution
    /// The HSV colour histogram, by intersection.
    case histogram

    /// For people.
    public var title: String {
        switch self {
        case .backbone: "backbone mean, cosine"
        case .mean: "μ_V, cosine"
        case .distribution: "distribution, Bhattacharyya"
        case .histogram: "HSV 8×4×4, intersection"
        }
    }

    /// Whether a centred form exists.
    public var canBeCentered: Bool { self == .backbone || self == .mean }
}

extension FeatureColumns {
    /// Ranks by one representation. Centred: the gallery's mean is taken from all vectors before the cosine.
    package func score(
        _ task: RetrievalTask, by representation: Representation, isCentered: Bool = false, threads: Int
    ) -> RankingScore {
        switch representation {
        case .backbone: Self.cosine(task, backbone, isCentered, threads)
        case .mean: Self.cosine(task, means, isCentered, threads)
        case .distribution: Self.bhattacharyya(task, queries: moments, gallery: moments, threads)
        case .histogram: histogramScore(task, threads)
        }
    }

    private static func cosine(
        _ task: RetrievalTask, _ rows: [[Float]], _ isCentered: Bool, _ threads: Int
    ) -> RankingScore {
        let center = isCentered ? UnitVectors.mean(rows, of: task.gallery) : nil
        let vectors = UnitVectors(rows, center: center)
        return RankingScore(task, threads: threads) { query, out in
            vectors.distances(from: query, to: task.gallery, into: out)
        }
    }

    /// In double precision, as `search` ranks.
    package static func bhattacharyya(
        _ task: RetrievalTask, queries: [Moments], gallery: [Moments], _ threads: Int
    ) -> RankingScore {
        RankingScore(task, threads: threads) { query, out in
            for (place, video) in task.gallery.enumerated() {
                out[place] = Bhattacharyya.closedForm(queries[query], gallery[video])
            }
        }
    }

    private func histogramScore(_ task: RetrievalTask, _ threads: Int) -> RankingScore {
        let rows = histogram
        return RankingScore(task, threads: threads) { query, out in
            rows[query].withUnsafeBufferPointer { a in
                for (place, video) in task.gallery.enumerated() {
                    out[place] = rows[video].withUnsafeBufferPointer { ColorHistogram.distance(a, $0) }
                }
            }
        }
    }

    /// Of every video, the others whose histograms are nearer than `distance`.
    package func nearCopies(_ distance: Double, threads: Int) -> [[Int]] {
        let rows = histogram
        return Workers.map(count: rows.count, threads: threads) { video in
            rows[video].withUnsafeBufferPointer { a in
                rows.indices.filter { other in
                    other != video
                        && rows[other].withUnsafeBufferPointer { ColorHistogram.distance(a, $0) } < distance
                }
            }
        }
    }
}
