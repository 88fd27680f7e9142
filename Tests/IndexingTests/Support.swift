import Base
import Distributions
import Foundation
import Indexing
import TestSupport

extension TemporaryFolder {
    /// Copies the folder's files as they lie there now, as a kill would leave them.
    func snapshot() throws -> TemporaryFolder {
        let copy = try TemporaryFolder(quick: path.hasPrefix("/dev/shm/"))
        for name in names where !name.hasSuffix("-shm") {
            try FileManager.default.copyItem(atPath: file(name), toPath: copy.file(name))
        }
        return copy
    }
}

/// SplitMix64: the tests' only source of numbers.
struct Numbers {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + Double(next() >> 11) * 0x1p-53 * (range.upperBound - range.lowerBound)
    }
}

/// A made-up video, the same for the same number.
struct Sample {
    var identity: FileIdentity
    var facts: StreamFacts
    var intervals: [TimeRange]
    var mixture: GaussianMixture

    init(_ number: Int, dimension: Int = 20, clips: Int? = nil, path: String? = nil) {
        var numbers = Numbers(seed: UInt64(number))
        let clips = clips ?? 1 + number % 4
        identity = FileIdentity(
            path: path ?? "/videos/\(number / 10)/video \(number).mp4",
            fingerprint: String(numbers.next(), radix: 16), size: Int64(1000 + number),
            modified: 1_700_000_000_000_000_000 + Int64(number),
            device: Int64(number) << 33)
        facts = StreamFacts(
            container: "mov,mp4", codec: "h264", width: 640 + number, height: 360,
            duration: number % 5 == 0 ? nil : Double(number) * 0.37,
            frameRate: number % 7 == 0 ? nil : 30000 / 1001)
        intervals = (0..<clips).map { TimeRange(start: Double($0) * 1.9, stop: Double($0) * 1.9 + 2.000001) }
        // Values as the encoder gives them: float16 already.
        mixture = GaussianMixture(
            components: (0..<clips).map { _ in
                Gaussian(
                    mean: (0..<dimension).map { _ in Float(Float16(numbers.uniform(-1...1))) },
                    logVariance: (0..<dimension).map { _ in Float(Float16(numbers.uniform(-10...4))) })
            })
    }
}

let testModel = IndexModel(name: "test", fingerprint: String(repeating: "ab", count: 32), dimension: 20)

extension VideoIndex {
    @discardableResult
    func store(_ sample: Sample) throws -> Int64 {
        try store(sample.identity, facts: sample.facts, intervals: sample.intervals, mixture: sample.mixture)
    }

    static func forTests(_ folder: String) throws -> VideoIndex {
        try open(writingTo: folder, model: testModel, durability: .process)
    }
}

extension MomentsTable {
    /// A copy of the table, for comparing.
    var contents: [Int64: (mean: [Float], variance: [Float], logDeterminant: Float)] {
        withRows { matrix in
            var rows: [Int64: (mean: [Float], variance: [Float], logDeterminant: Float)] = [:]
            for i in 0..<count {
                rows[matrix.video(i)] = (
                    Array(matrix.mean(i)), Array(matrix.variance(i)), matrix.logDeterminants[i]
                )
            }
            return rows
        }
    }
}

/// The typed error that `body` throws; nil where it throws none.
func indexError(_ body: () throws -> Void) -> IndexError? {
    do {
        try body()
        return nil
    } catch {
        return error as? IndexError
            ?? IndexError(reason: .failed, path: "", message: "an untyped error came out: \(error)")
    }
}
