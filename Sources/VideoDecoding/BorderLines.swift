/// How strongly every straight line of pixels, in one direction, parts what lies on its two sides: over many pictures the
/// brightness on one side does not go with that on the other, and there is an edge.
struct BorderLines {
    /// Lines beside each other.
    let count: Int
    /// Pixels of a line.
    let length: Int
    /// From pixel to pixel along every line, (length + 1) × count: what both sides have in common, the larger variance of the
    /// two, and pixels at an edge, summed up.
    private let common: [Float]
    private let largest: [Float]
    private let edges: [Float]
    /// Per line, pixels at which both speak for a border.
    private let telling: [Int]

    /// In squared grey levels: smaller changes are noise.
    private static let noise: Float = 4
    /// An edge is this much stronger than those on the lines near by.
    private static let edgeFactor: Float = 2.5
    private static let leastEdge: Float = 20
    /// Lines on each side that count as near; the nearest two may be of the same edge.
    private static let reach = 8

    /// Pixel p of line l is number l · acrossStep + p · alongStep of the pictures.
    ///
    /// - Parameter pictures: with the sums of the pairs of pixels two steps apart in this direction.
    init(_ pictures: PictureSums, pairs: [UInt32], count: Int, length: Int, acrossStep: Int, alongStep: Int) {
        self.count = count
        self.length = length
        let n = Float(max(1, pictures.count))
        var common = Array(repeating: Float(0), count: (length + 1) * count)
        var (largest, edges) = (common, common)
        var telling = Array(repeating: 0, count: count)
        var gradients = Array(repeating: Float(0), count: count)
        for pixel in 0..<length {
            let (row, next) = (pixel * count, (pixel + 1) * count)
            var parts = Array(repeating: Float(0), count: count)
            for line in 1..<count - 1 {
                let middle = line * acrossStep + pixel * alongStep
                let (a, b) = (middle - acrossStep, middle + acrossStep)
                let (meanA, meanB) = (Float(pictures.sums[a]) / n, Float(pictures.sums[b]) / n)
                let (squareA, squareB) = (Float(pictures.squares[a]) / n, Float(pictures.squares[b]) / n)
                let product = Float(pairs[a]) / n
                let shared = product - meanA * meanB + Self.noise
                let most = max(squareA - meanA * meanA, squareB - meanB * meanB, 0) + Self.noise
                gradients[line] = max(0, squareA + squareB - 2 * product)
                parts[line] = 1 - shared / most
                common[next + line] = common[row + line] + shared
                largest[next + line] = largest[row + line] + most
            }
            for line in 1..<count - 1 {
                let usual = Self.usual(gradients, beside: line)
                let isEdge = gradients[line] > Self.edgeFactor * usual + Self.leastEdge
                edges[next + line] = edges[row + line] + (isEdge ? 1 : 0)
                if isEdge, parts[line] > 0.4 { telling[line] += 1 }
            }
        }
        (self.common, self.largest, self.edges, self.telling) = (common, largest, edges, telling)
    }

    /// The median of the lines near by.
    private static func usual(_ gradients: [Float], beside line: Int) -> Float {
        var near: [Float] = []
        near.reserveCapacity(2 * reach)
        for other in max(1, line - reach)...min(gradients.count - 2, line + reach) where abs(other - line) > 2
        {
            near.append(gradients[other])
        }
        guard !near.isEmpty else { return 0 }
        near.sort()
        return (near[(near.count - 1) / 2] + near[near.count / 2]) / 2
    }

    /// How far the line parts its two sides between two pixels, 0…2: 1 for what changes by itself, 1 for an edge all along. The ends
    /// are left out, where another line may cross.
    func strength(_ line: Int, from first: Int, to last: Int) -> Float {
        guard line >= 1, line < count - 1 else { return 0 }
        let (start, stop) = (max(first, 0) + 2, min(last, length) - 2)
        guard stop > start else { return 0 }
        let (a, b) = (start * count + line, stop * count + line)
        let parting = 1 - (common[b] - common[a]) / (largest[b] - largest[a])
        return min(max(parting, 0), 1) + (edges[b] - edges[a]) / Float(stop - start)
    }

    func strength(_ line: Int) -> Float { strength(line, from: 0, to: length) }

    /// The lines at which a border may be, the strongest ones of each neighbourhood, and the lines that lie opposite to those that
    /// go all the way: bars come in pairs. Rising.
    ///
    /// - Parameter most: without the opposite ones.
    func candidates(most: Int) -> [Int] {
        let least = 0.18 * Double(length)
        var found = (1..<count - 1).filter {
            Double(telling[$0]) >= least && telling[$0] >= telling[$0 - 1] && telling[$0] >= telling[$0 + 1]
        }
        found.sort { (telling[$1], $0) < (telling[$0], $1) }
        var kept: [Int] = []
        for line in found where kept.count < most && kept.allSatisfy({ abs($0 - line) > 1 }) {
            kept.append(line)
        }
        for line in kept where strength(line) >= 1.3 {
            let opposite = (max(1, count - 2 - line)...min(count - 2, max(1, count - line)))
                .max { strength($0) < strength($1) }
            if let opposite { kept.append(opposite) }
        }
        return Set(kept).sorted()
    }
}
