/// Sums over a video's pictures, by which borders are found that last: of each pixel, of pairs of pixels, of halves.
struct PictureSums {
    let width: Int
    let height: Int
    /// Pictures that were added.
    private(set) var count = 0
    /// Of the grey levels, and of their squares.
    private(set) var sums: [UInt32]
    private(set) var squares: [UInt32]
    /// Of the products of each pixel and the one two to its right, and two below.
    private(set) var across: [UInt32]
    private(set) var down: [UInt32]
    /// Of the difference to the pixel on the right, and of its square.
    private(set) var steps: [UInt32]
    private(set) var stepSquares: [UInt32]
    /// Of the left half and the right one, and of the upper and the lower one.
    private(set) var leftRight = HalfSums()
    private(set) var upperLower = HalfSums()
    private var grey: [UInt8]

    /// So many pictures of white do not overflow.
    private static let most = 60_000

    init(_ geometry: FrameGeometry) {
        (width, height) = (geometry.width, geometry.height)
        sums = Array(repeating: 0, count: width * height)
        (squares, across, down, steps, stepSquares) = (sums, sums, sums, sums, sums)
        grey = Array(repeating: 0, count: width * height)
    }

    /// - Parameter frame: RGB, of this size.
    mutating func add(_ frame: UnsafeBufferPointer<UInt8>) {
        guard count < Self.most else { return }
        count += 1
        let (width, height, pixels) = (width, height, width * height)
        grey.withUnsafeMutableBufferPointer { grey in
            // BT.601's weights.
            for i in 0..<pixels {
                let sum =
                    77 * UInt32(frame[3 * i]) + 150 * UInt32(frame[3 * i + 1]) + 29 * UInt32(frame[3 * i + 2])
                grey[i] = UInt8(truncatingIfNeeded: sum >> 8)
            }
        }
        grey.withUnsafeBufferPointer { grey in
            sums.withUnsafeMutableBufferPointer { for i in 0..<pixels { $0[i] &+= UInt32(grey[i]) } }
            squares.withUnsafeMutableBufferPointer {
                for i in 0..<pixels { $0[i] &+= UInt32(grey[i]) &* UInt32(grey[i]) }
            }
            // Pairs that reach into the next row are never read.
            across.withUnsafeMutableBufferPointer {
                for i in 0..<pixels - 2 { $0[i] &+= UInt32(grey[i]) &* UInt32(grey[i + 2]) }
            }
            down.withUnsafeMutableBufferPointer {
                for i in 0..<pixels - 2 * width { $0[i] &+= UInt32(grey[i]) &* UInt32(grey[i + 2 * width]) }
            }
            func step(_ i: Int) -> UInt32 {
                UInt32(grey[i] > grey[i + 1] ? grey[i] - grey[i + 1] : grey[i + 1] - grey[i])
            }
            steps.withUnsafeMutableBufferPointer { for i in 0..<pixels - 1 { $0[i] &+= step(i) } }
            stepSquares.withUnsafeMutableBufferPointer {
                for i in 0..<pixels - 1 { $0[i] &+= step(i) &* step(i) }
            }
            leftRight.add(grey, rows: height, columns: width / 2, stride: width, toOther: width - width / 2)
            upperLower.add(
                grey, rows: height / 2, columns: width, stride: width, toOther: (height - height / 2) * width)
        }
    }

    /// How much each pixel changes, as standard deviations.
    var motion: AreaMeans { AreaMeans(width, height) { deviation(sums[$0], squares[$0]) } }

    /// How much the detail changes at each pixel: of what is blurred, and of a still caption, little does.
    var detail: AreaMeans {
        AreaMeans(width, height) { $0 + 1 < sums.count ? deviation(steps[$0], stepSquares[$0]) : 0 }
    }

    private func deviation(_ sum: UInt32, _ squares: UInt32) -> Double {
        let (n, mean) = (Double(max(1, count)), Double(sum) / Double(max(1, count)))
        return max(0, Double(squares) / n - mean * mean).squareRoot()
    }
}

/// The mean of a value over any part of a picture.
struct AreaMeans {
    private let width: Int
    /// Over all that is above and to the left of each corner of a pixel.
    private var sums: [Double]

    fileprivate init(_ width: Int, _ height: Int, _ value: (Int) -> Double) {
        self.width = width
        sums = Array(repeating: 0, count: (width + 1) * (height + 1))
        for y in 0..<height {
            var row = 0.0
            for x in 0..<width {
                row += value(y * width + x)
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row
            }
        }
    }

    func mean(_ columns: Range<Int>, _ rows: Range<Int>) -> Double {
        guard !columns.isEmpty, !rows.isEmpty else { return 0 }
        func sum(_ x: Int, _ y: Int) -> Double { sums[y * (width + 1) + x] }
        let all =
            sum(columns.upperBound, rows.upperBound) - sum(columns.lowerBound, rows.upperBound)
            - sum(columns.upperBound, rows.lowerBound) + sum(columns.lowerBound, rows.lowerBound)
        return all / Double(columns.count * rows.count)
    }
}

/// What two halves of a picture have in common.
struct HalfSums {
    private var own = 0.0
    private var other = 0.0
    private var product = 0.0

    fileprivate mutating func add(
        _ grey: UnsafeBufferPointer<UInt8>, rows: Int, columns: Int, stride: Int, toOther: Int
    ) {
        var (a, b, aa, bb, ab) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        for y in 0..<rows {
            var (rowA, rowB, rowAA, rowBB, rowAB) = (UInt32(0), UInt32(0), UInt32(0), UInt32(0), UInt32(0))
            for x in y * stride..<y * stride + columns {
                let (p, q) = (UInt32(grey[x]), UInt32(grey[x + toOther]))
                rowA &+= p
                rowB &+= q
                rowAA &+= p &* p
                rowBB &+= q &* q
                rowAB &+= p &* q
            }
            a += UInt64(rowA)
            b += UInt64(rowB)
            aa += UInt64(rowAA)
            bb += UInt64(rowBB)
            ab += UInt64(rowAB)
        }
        let n = Double(max(1, rows * columns))
        own += Double(aa) - Double(a) * Double(a) / n
        other += Double(bb) - Double(b) * Double(b) / n
        product += Double(ab) - Double(a) * Double(b) / n
    }

    /// Correlation of all pictures, −1…1; 0 of plain ones.
    var correlation: Double { product / ((own * other).squareRoot() + 1) }
}
