/// Bilinear crop and resize from packed bytes to a canvas, mirrored or not. Pixel centres are at ½
/// (as `align_corners=False`), edges repeat; there is no low-pass filter, since cached frames are near the
/// size of the network's input.
final class Resampler {
    private var line: UnsafeMutablePointer<Float>
    private var lineCapacity = 0
    private let left: UnsafeMutablePointer<Int32>
    private let right: UnsafeMutablePointer<Int32>
    private let weight: UnsafeMutablePointer<Float>
    private let capacity: Int

    /// - Parameter width: the widest canvas that will be drawn to.
    init(width: Int) {
        capacity = width
        line = .allocate(capacity: 1)
        left = .allocate(capacity: width)
        right = .allocate(capacity: width)
        weight = .allocate(capacity: width)
    }

    deinit {
        line.deallocate()
        left.deallocate()
        right.deallocate()
        weight.deallocate()
    }

    /// - Parameters:
    ///   - source: height × width × 3 bytes.
    ///   - crop: the part of the source that is drawn.
    ///   - target: the part of the canvas that it fills; the rest is left alone.
    func draw(
        source: UnsafePointer<UInt8>, width: Int, height: Int, crop: UnitRectangle, isFlipped: Bool,
        onto canvas: FrameCanvas, target: UnitRectangle = .whole
    ) {
        let firstX = Int((target.x * Double(canvas.width)).rounded())
        let firstY = Int((target.y * Double(canvas.height)).rounded())
        let endX = min(canvas.width, Int(((target.x + target.width) * Double(canvas.width)).rounded()))
        let endY = min(canvas.height, Int(((target.y + target.height) * Double(canvas.height)).rounded()))
        let (columns, rows) = (endX - firstX, endY - firstY)
        guard columns > 0, rows > 0 else { return }
        precondition(columns <= capacity)
        if lineCapacity < width * 3 {
            line.deallocate()
            line = .allocate(capacity: width * 3)
            lineCapacity = width * 3
        }
        let cropX = crop.x * Double(width)
        let scaleX = crop.width * Double(width) / Double(columns)
        for column in 0..<columns {
            let place = min(max(cropX + (Double(column) + 0.5) * scaleX - 0.5, 0), Double(width - 1))
            let base = Int(place)
            let slot = isFlipped ? columns - 1 - column : column
            left[slot] = Int32(3 * base)
            right[slot] = Int32(3 * min(base + 1, width - 1))
            weight[slot] = Float(place - Double(base))
        }
        // Only the columns between the outermost ones are needed.
        let low = Int(min(left[0], left[columns - 1]))
        let high = Int(max(right[0], right[columns - 1])) + 3

        let cropY = crop.y * Double(height)
        let scaleY = crop.height * Double(height) / Double(rows)
        for row in 0..<rows {
            let place = min(max(cropY + (Double(row) + 0.5) * scaleY - 0.5, 0), Double(height - 1))
            let base = Int(place)
            let share = Float(place - Double(base))
            let upper = source + base * width * 3
            let lower = source + min(base + 1, height - 1) * width * 3
            for i in low..<high {
                let above = Float(upper[i])
                line[i] = above + share * (Float(lower[i]) - above)
            }
            let start = (firstY + row) * canvas.width + firstX
            let (r, g, b) = (canvas.plane(0) + start, canvas.plane(1) + start, canvas.plane(2) + start)
            for column in 0..<columns {
                let (l, h) = (Int(left[column]), Int(right[column]))
                let part = weight[column]
                r[column] = line[l] + part * (line[h] - line[l])
                g[column] = line[l + 1] + part * (line[h + 1] - line[l + 1])
                b[column] = line[l + 2] + part * (line[h + 2] - line[l + 2])
            }
        }
    }
}
