import Base

/// Finds the parts of a video's picture that could be a video of their own: panels beside or above each other, a picture in a
/// picture, what is within bars, a frame or captions. Their borders are straight and last, and what lies on both sides of one changes by
/// itself (`BorderLines`).
public struct PanelFinder {
    private var pictures: PictureSums
    private let isTooSmall: Bool

    /// Panels that are given at most.
    public static let most = 4
    /// Pictures below which nothing is said.
    private static let fewestPictures = 8
    /// Candidates per direction, beside the edges of the picture.
    private static let mostLines = 10
    /// Of the picture's width or height, and of its area.
    private static let leastSide = 0.2
    private static let areas = 0.07...0.85
    /// Of a border that goes all the way across the picture; one that does not must be stronger, since many things have straight edges.
    private static let leastBorder: Float = 1.5
    private static let partPenalty: Float = 0.2
    private static let leastOfWhole: Float = 1
    /// Of two bars of the same size, together.
    private static let leastPair: Float = 1.15
    /// In grey levels.
    private static let leastMotion = 2.0
    /// Of the detail in the panel with the most.
    private static let leastDetail = 0.25
    /// From here on both halves of a picture show the same.
    private static let sameHalves = 0.9
    private static let leastMiddle: Float = 0.6

    /// - Parameter geometry: of the pictures; the whole picture, stretched.
    public init(_ geometry: FrameGeometry) {
        isTooSmall = geometry.fit != .stretch || min(geometry.width, geometry.height) < 48
        pictures = PictureSums(geometry)
    }

    /// Looks at a clip's pictures, of this geometry.
    public mutating func add(_ clip: Clip) {
        guard !isTooSmall else { return }
        let bytes = pictures.width * pictures.height * 3
        clip.frames.withUnsafeBufferPointer { frames in
            for first in stride(from: 0, to: frames.count - bytes + 1, by: bytes) {
                pictures.add(UnsafeBufferPointer(rebasing: frames[first..<first + bytes]))
            }
        }
    }

    private struct Panel {
        /// Lines at the left and right, top and bottom; −1 and the width or height where the picture ends.
        var left: Int
        var right: Int
        var top: Int
        var bottom: Int
        /// Of its weakest border.
        var strength: Float
        var borders: Int
        var detail = 0.0

        /// The more borders, the less it is by chance.
        var rank: Float { strength + 0.1 * Float(borders) }

        func overlap(_ other: Panel) -> Double {
            let width = min(right, other.right) - max(left, other.left)
            let height = min(bottom, other.bottom) - max(top, other.top)
            guard width > 0, height > 0 else { return 0 }
            let common = Double(width * height)
            return common / (area + other.area - common)
        }

        var area: Double { Double((right - left) * (bottom - top)) }
    }

    /// The panels of what was looked at, the surest first; none of a plain video.
    public func panels() -> [PictureRegion] {
        guard !isTooSmall, pictures.count >= Self.fewestPictures else { return [] }
        let (width, height) = (pictures.width, pictures.height)
        let upright = BorderLines(
            pictures, pairs: pictures.across, count: width, length: height, acrossStep: 1, alongStep: width)
        let level = BorderLines(
            pictures, pairs: pictures.down, count: height, length: width, acrossStep: width, alongStep: 1)
        if Self.isTwice(upright, pictures.leftRight) {
            return [PictureRegion(x: 0, y: 0, width: 0.5, height: 1)]
        }
        if Self.isTwice(level, pictures.upperLower) {
            return [PictureRegion(x: 0, y: 0, width: 1, height: 0.5)]
        }
        let xs = [-1] + upright.candidates(most: Self.mostLines) + [width]
        let ys = [-1] + level.candidates(most: Self.mostLines) + [height]
        guard xs.count > 2 || ys.count > 2 else { return [] }
        var found = bordered(xs, ys, upright, level)
        let sharpest = found.reduce(0) { max($0, $1.detail) }
        found = found.filter { $0.detail >= Self.leastDetail * sharpest }
        found.sort { ($1.rank, $0.left, $0.top) < ($0.rank, $1.left, $1.top) }
        var kept: [Panel] = []
        for panel in found where kept.count < Self.most {
            guard kept.allSatisfy({ panel.overlap($0) <= 0.5 }), !isDivided(panel, xs, ys, upright, level)
            else { continue }
            kept.append(panel)
        }
        return kept.map(region)
    }

    /// Whether two halves show the same, with a border between them: plain areas are alike too.
    private static func isTwice(_ lines: BorderLines, _ halves: HalfSums) -> Bool {
        let middle = lines.count / 2
        return halves.correlation > sameHalves
            && max(lines.strength(middle - 1), lines.strength(middle)) >= leastMiddle
    }

    /// Where a part is cut off, its own pixels alone are taken.
    private func region(_ panel: Panel) -> PictureRegion {
        let (width, height) = (Double(pictures.width), Double(pictures.height))
        return PictureRegion(
            x: Double(panel.left + 1) / width, y: Double(panel.top + 1) / height,
            width: Double(panel.right - panel.left - 1) / width,
            height: Double(panel.bottom - panel.top - 1) / height)
    }

    /// All parts of the picture between candidates that have a border on every side and move.
    private func bordered(
        _ xs: [Int], _ ys: [Int], _ upright: BorderLines, _ level: BorderLines
    ) -> [Panel] {
        let (width, height) = (pictures.width, pictures.height)
        let all = Double(width * height)
        let (motion, detail) = (pictures.motion, pictures.detail)
        var found: [Panel] = []
        for (place, left) in xs.enumerated() {
            for right in xs[(place + 1)...] where Double(right - left) >= Self.leastSide * Double(width) {
                for (place, top) in ys.enumerated() {
                    for bottom in ys[(place + 1)...]
                    where Double(bottom - top) >= Self.leastSide * Double(height) {
                        let area = Double((right - left - 1) * (bottom - top - 1)) / all
                        guard Self.areas.contains(area),
                            let sides = Self.sides(upright, left, right, from: top, to: bottom),
                            let ends = Self.sides(level, top, bottom, from: left, to: right)
                        else { continue }
                        var panel = Panel(
                            left: left, right: right, top: top, bottom: bottom,
                            strength: min(sides.strength, ends.strength), borders: sides.count + ends.count)
                        let columns = max(left + 2, 0)..<min(right - 1, width)
                        let rows = max(top + 2, 0)..<min(bottom - 1, height)
                        guard motion.mean(columns, rows) >= Self.leastMotion else { continue }
                        panel.detail = detail.mean(columns.dropLast(), rows)
                        found.append(panel)
                    }
                }
            }
        }
        return found
    }

    /// The weaker of the borders on two opposite sides, and how many there are; nil where one is too weak.
    private static func sides(
        _ lines: BorderLines, _ first: Int, _ last: Int, from: Int, to: Int
    ) -> (strength: Float, count: Int)? {
        let isFull = Double(to - from) >= 0.8 * Double(lines.length)
        let strengths = [first, last].filter { $0 >= 0 && $0 < lines.count }.map { line in
            let own = lines.strength(line, from: from, to: to)
            if isFull { return own }
            // A border that goes all the way need not be as strong everywhere.
            let isOfWhole = own >= leastOfWhole && lines.strength(line) >= leastBorder
            return isOfWhole ? max(own, leastBorder) : own - partPenalty
        }
        guard let weakest = strengths.min() else { return (.infinity, 0) }
        if weakest >= leastBorder { return (weakest, strengths.count) }
        // Bars that are as large on both sides.
        let mean = strengths.reduce(0, +) / Float(strengths.count)
        guard strengths.count == 2, isFull, abs(first + last - lines.count + 1) <= 2, mean >= leastPair,
            weakest >= 0.4
        else { return nil }
        return (max(mean, leastBorder), 2)
    }

    /// Whether a border goes all the way across a panel: its parts are panels then.
    private func isDivided(
        _ panel: Panel, _ xs: [Int], _ ys: [Int], _ upright: BorderLines, _ level: BorderLines
    ) -> Bool {
        let least = max(1.5, panel.strength - 0.4)
        func divides(_ line: Int, _ lines: BorderLines, _ first: Int, _ last: Int, _ from: Int, _ to: Int)
            -> Bool
        {
            let margin = Self.leastSide * Double(lines.count)
            return Double(line - first) >= margin && Double(last - line) >= margin
                && (lines.strength(line, from: from, to: to) >= least
                    || lines.strength(line) >= least
                        && lines.strength(line, from: from, to: to) >= Self.leastOfWhole)
        }
        return xs.contains { divides($0, upright, panel.left, panel.right, panel.top, panel.bottom) }
            || ys.contains { divides($0, level, panel.top, panel.bottom, panel.left, panel.right) }
    }
}
