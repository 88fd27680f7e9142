import Glibc

/// How far what two videos show agrees where they are said to correspond.
public struct Agreement: Sendable, Hashable {
    /// Correlation of the changes over time, −1…1, as a share of what the same footage would have if it was seen as large and at the
    /// same moments. Near 1 where both show the same footage, however cropped, recoloured or mirrored; a still background that
    /// agrees adds nothing to it.
    public var change: Double
    /// Correlation of the changes from each picture to the next, none of which counts for much more than the others, −1…1: two
    /// videos with a cut between scenes that look alike agree in that change and in no other.
    public var steps: Double
    /// Correlation of the fine detail of the mean pictures, −1…1, as a share likewise.
    public var detail: Double
    /// The standard deviation of a picture's cell over time, in grey levels: how much there was to agree in.
    public var motion: Double
    /// Pictures that were compared.
    public var pictures: Int
    /// Seconds of the target that pass in a second of the query where they agree best; above 0.
    public var speed: Double
    /// `change` and `detail` as they are among the videos that were looked at beside this one: what a hundred others agree by as
    /// well says little.
    public var common = Common()

    /// What is usual among a video's neighbours.
    public struct Common: Sendable, Hashable {
        /// Of `change`, −1…1; 0 where there are three others or fewer.
        public var change = 0.0
        /// Of `detail`, −1…1; 0 where there are three others or fewer.
        public var detail = 0.0

        /// Nothing is usual.
        public init() {}

        fileprivate init(change: Double, detail: Double) {
            self.change = change
            self.detail = detail
        }
    }

    /// All that a video was held against.
    public struct Neighbours: Sendable {
        /// Rising.
        private let changes: [Double]
        private let details: [Double]

        /// By what looking at them said.
        public init(_ agreements: [Agreement]) {
            changes = agreements.map(\.change).sorted()
            details = agreements.map(\.detail).sorted()
        }

        /// The medians of the others' agreements, nearer to 0 the fewer there are.
        ///
        /// - Parameter agreement: one of those that are here.
        public func common(without agreement: Agreement) -> Common {
            Common(
                change: Self.median(changes, without: agreement.change),
                detail: Self.median(details, without: agreement.detail))
        }

        /// This many others may be copies of the same video, and do not show what is usual.
        private static let few = 3

        private static func median(_ sorted: [Double], without value: Double) -> Double {
            let count = sorted.count - 1
            guard count > 0 else { return 0 }
            var (low, high) = (0, count)
            while low < high {
                let middle = (low + high) / 2
                if sorted[middle] < value { low = middle + 1 } else { high = middle }
            }
            func other(_ place: Int) -> Double { sorted[place < low ? place : place + 1] }
            let median = (other((count - 1) / 2) + other(count / 2)) / 2
            return median * Double(max(0, count - few)) / Double(count)
        }
    }

    /// An agreement of these parts.
    public init(
        change: Double, steps: Double, detail: Double, motion: Double, pictures: Int, speed: Double = 1
    ) {
        self.change = change
        self.steps = steps
        self.detail = detail
        self.motion = motion
        self.pictures = pictures
        self.speed = speed
    }
}

extension Agreement {
    /// The mean of this one and of what was found with query and target in each other's place, of correlations as Fisher's
    /// transformation has them; with what is usual here.
    public func mean(withReversed other: Agreement) -> Agreement {
        func mean(_ a: Double, _ b: Double) -> Double { tanh((Self.stretched(a) + Self.stretched(b)) / 2) }
        var result = Agreement(
            change: mean(change, other.change), steps: mean(steps, other.steps),
            detail: mean(detail, other.detail), motion: min(motion, other.motion),
            pictures: min(pictures, other.pictures), speed: (speed / other.speed).squareRoot())
        result.common = common
        return result
    }

    /// Finite up to ±1.
    private static func stretched(_ correlation: Double) -> Double {
        atanh(min(max(correlation, -0.995), 0.995))
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
