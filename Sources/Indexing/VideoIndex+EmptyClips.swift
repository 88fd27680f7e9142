import Base
import Distributions
import Glibc

/// `empty.bin`: what the index's model makes of clips that show nothing (`index/README.md`). Derived; may be deleted.
extension VideoIndex {
    private static let emptyClipsName = "/empty.bin"
    private static let emptyClipsMagic: UInt64 = 0x3174_706D_7478_696D  // "mixtmpt1"

    /// The Gaussians in the file; nil where it is missing, damaged or another model's.
    package func emptyClips() -> [Gaussian]? {
        guard let file = fopen(folder + Self.emptyClipsName, "re") else { return nil }
        defer { fclose(file) }
        var words = [UInt32](repeating: 0, count: 1 << 16)
        let count = fread(&words, 4, words.count, file)
        guard count >= 6, feof(file) != 0 else { return nil }
        let body = Array(words[..<(count - 2)])
        let width = model.dimension
        guard Self.checksum(body) == UInt64(words[count - 2]) | UInt64(words[count - 1]) << 32,
            Array(body[..<4]) == Self.emptyClipsHeader(model), (count - 6) % (2 * width) == 0
        else { return nil }
        let values = body[4...].map { Float(bitPattern: UInt32(littleEndian: $0)) }
        guard values.allSatisfy(\.isFinite) else { return nil }
        return stride(from: 0, to: values.count, by: 2 * width).map { first in
            Gaussian(
                mean: Array(values[first..<first + width]),
                logVariance: Array(values[first + width..<first + 2 * width]))
        }
    }

    /// Writes the file where the folder allows it; searches do without it otherwise.
    package func store(emptyClips gaussians: [Gaussian]) {
        var words = Self.emptyClipsHeader(model)
        for gaussian in gaussians {
            words += (gaussian.mean + gaussian.logVariance).map { $0.bitPattern.littleEndian }
        }
        let sum = Self.checksum(words)
        words += [UInt32(truncatingIfNeeded: sum), UInt32(truncatingIfNeeded: sum >> 32)]
        try? AtomicFile.write(words.withUnsafeBytes { Array($0) }, to: folder + Self.emptyClipsName)
    }

    private static func emptyClipsHeader(_ model: IndexModel) -> [UInt32] {
        var sum = Checksum()
        sum.add(model.fingerprint)
        return [
            UInt32(truncatingIfNeeded: emptyClipsMagic), UInt32(truncatingIfNeeded: emptyClipsMagic >> 32),
            UInt32(truncatingIfNeeded: sum.value), UInt32(truncatingIfNeeded: sum.value >> 32),
        ]
    }

    private static func checksum(_ words: [UInt32]) -> UInt64 {
        var sum = Checksum()
        words.withUnsafeBytes { sum.add($0) }
        return sum.value
    }
}
