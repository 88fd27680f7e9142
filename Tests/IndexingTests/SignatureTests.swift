import Base
import Foundation
import Indexing
import Testing
import TestSupport

@Suite struct SignatureTests {
    private static let model = IndexModel(name: "golden", fingerprint: "feed", dimension: 4)

    private func signatures(_ count: Int, seed: UInt64) throws -> [ClipSignature] {
        var numbers = Numbers(seed: seed)
        return try (0..<count).map { _ in
            var bytes: [UInt8] = []
            for head in [Float(0.25), 30] {
                withUnsafeBytes(of: head.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            }
            while bytes.count < ClipSignature.byteCount {
                bytes.append(UInt8(truncatingIfNeeded: numbers.next()))
            }
            return try #require(ClipSignature(bytes: bytes))
        }
    }

    @Test func theyAreStoredCopiedAndReplaced() throws {
        let folder = try TemporaryFolder()
        let index = try VideoIndex.open(writingTo: folder.path, model: Self.model)
        let sample = Sample(3, dimension: 4)
        let own = try signatures(sample.intervals.count, seed: 1)
        let id = try index.store(
            sample.identity, facts: sample.facts, intervals: sample.intervals, mixture: sample.mixture,
            signatures: own)
        #expect(try index.signatures(ofVideo: id) == own)
        #expect(try index.signatures(ofVideo: id, fingerprint: sample.identity.fingerprint) == own)
        #expect(try index.signatures(ofVideo: id, fingerprint: "another") == [])
        var elsewhere = sample.identity
        elsewhere.path = "/elsewhere.mp4"
        let copy = try index.storeCopy(of: id, as: elsewhere)
        #expect(try index.signatures(ofVideo: copy) == own)
        // A source that keeps none takes the former ones away.
        try index.store(
            sample.identity, facts: sample.facts, intervals: sample.intervals, mixture: sample.mixture)
        #expect(try index.signatures(ofVideo: id) == [])
        #expect(try index.knownFiles().allSatisfy(\.isComplete))
        try index.remove(ids: [copy])
        #expect(try index.signatures(ofVideo: copy) == [])
    }

    /// What older formats hold is read, and known to lack something.
    @Test func olderFormatsHaveNone() throws {
        let folder = try TemporaryFolder()
        try GoldenFormat1.write(to: folder.path)
        do {
            let index = try VideoIndex.open(readingFrom: folder.path, expecting: Self.model)
            defer { index.close() }
            #expect(try index.signatures(ofVideo: 1) == [])
        }
        let index = try VideoIndex.open(writingTo: folder.path, model: Self.model)
        defer { index.close() }
        #expect(try index.signatures(ofVideo: 1) == [])
        let known = try index.knownFiles()
        #expect(known.filter(\.isReady).count == 2)
        #expect(known.allSatisfy { $0.isComplete == !$0.isReady })
        let sample = Sample(1, dimension: 4)
        let own = try signatures(sample.intervals.count, seed: 2)
        try index.store(
            sample.identity, facts: sample.facts, intervals: sample.intervals, mixture: sample.mixture,
            signatures: own)
        #expect(try index.signatures(ofVideo: 1) == own)
        #expect(try index.knownFiles().count(where: { $0.isReady && $0.isComplete }) == 1)
    }
}
