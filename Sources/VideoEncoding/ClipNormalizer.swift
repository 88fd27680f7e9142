import Base
import NeuralNetwork

/// Bytes of a clip → the network's input: interleaved RGB to planes, normalised, in the network's number format.
package final class ClipNormalizer {
    package static let minimumDeviation = 0.02
    private let normalization: InputNormalization
    private let precision: Precision
    /// Per channel, the normalised value of each byte; as Float or, for bfloat16, its bits.
    private var floatTable = [Float](repeating: 0, count: 3 * 256)
    private var halfTable = [UInt16](repeating: 0, count: 3 * 256)

    package init(_ normalization: InputNormalization, precision: Precision) {
        self.normalization = normalization
        self.precision = precision.resolved
        if !normalization.isPerClip { fillTables(means: [0, 0, 0], deviations: [1, 1, 1]) }
    }

    /// Writes `frames` (T·H·W·3 bytes) to `input` (3·T·H·W values).
    package func write(_ frames: [UInt8], to input: UnsafeMutableRawBufferPointer) {
        frames.withUnsafeBufferPointer { write($0, to: input) }
    }

    /// Writes `frames` (T·H·W·3 bytes) to `input` (3·T·H·W values).
    package func write(_ bytes: UnsafeBufferPointer<UInt8>, to input: UnsafeMutableRawBufferPointer) {
        let cells = bytes.count / 3
        precondition(bytes.count == 3 * cells && input.count >= bytes.count * precision.elementSize)
        if normalization.isPerClip {
            let (means, deviations) = Self.statistics(bytes)
            fillTables(means: means, deviations: deviations)
        }
        if precision == .bfloat16 {
            halfTable.withUnsafeBufferPointer {
                Self.planes(bytes, table: $0, to: input.assumingMemoryBound(to: UInt16.self), cells: cells)
            }
        } else {
            floatTable.withUnsafeBufferPointer {
                Self.planes(bytes, table: $0, to: input.assumingMemoryBound(to: Float.self), cells: cells)
            }
        }
    }

    @inline(__always)
    private static func planes<Element>(
        _ bytes: UnsafeBufferPointer<UInt8>, table: UnsafeBufferPointer<Element>,
        to planes: UnsafeMutableBufferPointer<Element>, cells: Int
    ) {
        for cell in 0..<cells {
            planes[cell] = table[Int(bytes[3 * cell])]
            planes[cells + cell] = table[256 + Int(bytes[3 * cell + 1])]
            planes[2 * cells + cell] = table[512 + Int(bytes[3 * cell + 2])]
        }
    }

    /// Mean and standard deviation of each channel on 0…1, from exact integer sums.
    private static func statistics(_ bytes: UnsafeBufferPointer<UInt8>) -> (
        means: [Double], deviations: [Double]
    ) {
        var sums: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var squares: (UInt64, UInt64, UInt64) = (0, 0, 0)
        for cell in 0..<bytes.count / 3 {
            let red = UInt64(bytes[3 * cell])
            let green = UInt64(bytes[3 * cell + 1])
            let blue = UInt64(bytes[3 * cell + 2])
            sums = (sums.0 &+ red, sums.1 &+ green, sums.2 &+ blue)
            squares = (squares.0 &+ red &* red, squares.1 &+ green &* green, squares.2 &+ blue &* blue)
        }
        let scale = 1 / Double(max(bytes.count / 3, 1))
        let pairs = [(sums.0, squares.0), (sums.1, squares.1), (sums.2, squares.2)].map { sum, square in
            let mean = Double(sum) * scale
            return (mean / 255, max(0, Double(square) * scale - mean * mean).squareRoot() / 255)
        }
        return (pairs.map(\.0), pairs.map { max($0.1, minimumDeviation) })
    }

    private func fillTables(means: [Double], deviations: [Double]) {
        for channel in 0..<3 {
            for byte in 0..<256 {
                let own = (Double(byte) / 255 - means[channel]) / deviations[channel]
                let value = Float(
                    (own - normalization.mean[channel]) / normalization.standardDeviation[channel])
                floatTable[channel * 256 + byte] = value
                halfTable[channel * 256 + byte] = HalfPrecision.bfloat16(from: value)
            }
        }
    }
}
