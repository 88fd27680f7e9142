internal import Foundation

import Base
import Distributions

/// The byte layouts of the database's blobs, all little-endian (`index/README.md`).
enum Blobs {
    /// Intervals: start and stop of each clip, float64, 16 bytes a clip.
    static func encode(_ intervals: [TimeRange]) -> Data {
        var data = Data(count: intervals.count * 16)
        data.withUnsafeMutableBytes { bytes in
            for (i, range) in intervals.enumerated() {
                bytes.storeBytes(
                    of: range.start.bitPattern.littleEndian, toByteOffset: i * 16, as: UInt64.self)
                bytes.storeBytes(
                    of: range.stop.bitPattern.littleEndian, toByteOffset: i * 16 + 8, as: UInt64.self)
            }
        }
        return data
    }

    static func intervals(_ data: Data, count: Int) -> [TimeRange]? {
        guard count >= 0, count <= data.count / 16, data.count == count * 16 else { return nil }
        return data.withUnsafeBytes { bytes in
            (0..<count).map { i in
                let start = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: i * 16, as: UInt64.self))
                let stop = UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: i * 16 + 8, as: UInt64.self))
                return TimeRange(start: Double(bitPattern: start), stop: Double(bitPattern: stop))
            }
        }
    }

    /// Gaussians: for each clip D means, then D log variances, float16. Nil where a value is no finite float16.
    static func encode(_ mixture: GaussianMixture) -> Data? {
        let width = mixture.dimension
        var data = Data(count: mixture.components.count * width * 4)
        let finite = data.withUnsafeMutableBytes { raw in
            let halves = raw.bindMemory(to: UInt16.self)
            var finite = true
            for (n, component) in mixture.components.enumerated() {
                finite = store(component.mean, in: halves, from: 2 * n * width) && finite
                finite = store(component.logVariance, in: halves, from: (2 * n + 1) * width) && finite
            }
            return finite
        }
        return finite ? data : nil
    }

    static func mixture(_ data: Data, count: Int, dimension: Int) -> GaussianMixture? {
        guard count > 0, dimension > 0, count <= data.count / 4 / dimension,
            data.count == count * dimension * 4
        else { return nil }
        return data.withUnsafeBytes { raw in
            let components = (0..<count).map { n in
                Gaussian(
                    mean: load(raw, from: 2 * n * dimension, count: dimension),
                    logVariance: load(raw, from: (2 * n + 1) * dimension, count: dimension))
            }
            return GaussianMixture(components: components)
        }
    }

    /// Moments: D means, then D variances, float32.
    static func encode(_ moments: Moments) -> Data {
        var data = Data(count: (moments.mean.count + moments.variance.count) * 4)
        data.withUnsafeMutableBytes { raw in
            let words = raw.bindMemory(to: UInt32.self)
            for (i, value) in moments.mean.enumerated() { words[i] = value.bitPattern.littleEndian }
            let offset = moments.mean.count
            for (i, value) in moments.variance.enumerated() {
                words[offset + i] = value.bitPattern.littleEndian
            }
        }
        return data
    }

    private static func store(
        _ values: [Float], in halves: UnsafeMutableBufferPointer<UInt16>, from offset: Int
    ) -> Bool {
        var finite = true
        for (i, value) in values.enumerated() {
            let half = HalfPrecision.float16(from: value)
            finite = finite && half & 0x7C00 != 0x7C00
            halves[offset + i] = half.littleEndian
        }
        return finite
    }

    private static func load(_ raw: UnsafeRawBufferPointer, from offset: Int, count: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { values, used in
            for i in 0..<count {
                let bits = raw.loadUnaligned(fromByteOffset: (offset + i) * 2, as: UInt16.self)
                values[i] = HalfPrecision.float32(fromFloat16: UInt16(littleEndian: bits))
            }
            used = count
        }
    }
}
