/// How far what two videos show agrees where they are said to correspond.
public struct Agreement: Sendable, Hashable {
    /// Correlation of the changes over time, −1…1. Near 1 where both show the same footage, however cropped, recoloured or
    /// mirrored; a still background that agrees adds nothing to it.
    public var change: Double
    /// The same of the changes from each picture to the next, none of which counts for much more than the others, −1…1: two
    /// videos with a cut between scenes that look alike agree in that change and in no other.
    public var steps: Double
    /// Correlation of the fine detail of the mean pictures, −1…1.
    public var detail: Double
    /// The standard deviation of a picture's cell over time, in grey levels: how much there was to agree in.
    public var motion: Double
    /// Pictures that were compared.
    public var pictures: Int
    /// `change` and `detail` as they are among the videos that were looked at beside this one: what a hundred others agree by as
    /// well says little.
    public var common = Common()

    /// What is usual among a video's neighbours.
    public struct Common: Sendable, Hashable {
        /// Of `change`, −1…1; 0 where there are no others.
        public var change = 0.0
        /// Of `detail`, −1…1; 0 where there are no others.
        public var detail = 0.0

        /// Nothing is usual.
        public init() {}

        /// The medians of others' agreements, nearer to 0 the fewer there are.
        public init(_ others: [Agreement]) {
            change = Self.median(others.map(\.change))
            detail = Self.median(others.map(\.detail))
        }

        /// So many others count half.
        private static let few = 4.0

        private static func median(_ values: [Double]) -> Double {
            guard !values.isEmpty else { return 0 }
            let sorted = values.sorted()
            let count = Double(sorted.count)
            return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2 * count / (count + few)
        }
    }

    /// An agreement of these parts.
    public init(change: Double, steps: Double, detail: Double, motion: Double, pictures: Int) {
        self.change = change
        self.steps = steps
        self.detail = detail
        self.motion = motion
        self.pictures = pictures
    }
}

/// What looking at the pictures of two videos said.
public enum Verification: Sendable, Hashable {
    /// They could not be looked at: of one of the two no signatures are kept.
    case unavailable
    /// No part of one corresponds to a part of the other.
    case nothingCorresponds
    /// How far corresponding parts agree.
    case agreement(Agreement)

    /// Whether there were pictures to look at.
    public var isAvailable: Bool { self != .unavailable }

    /// How far corresponding parts agree; nil where none were compared.
    public var agreement: Agreement? {
        if case .agreement(let agreement) = self { agreement } else { nil }
    }
}
