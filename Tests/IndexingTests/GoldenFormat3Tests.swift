import Base
import Foundation
import Indexing
import TestSupport
import Testing

/// An index of format 3, kept forever: that of format 2 with what the two clips of its first video look like, as what differs from
/// it.
enum GoldenFormat3 {
    static let size = 40960
    static let changes = """
        1b:06
        1f:0a
        2b:0d
        3f:03
        5f:06
        65:0beb0009062a
        70:062a
        7c:08ae
        62a:850103071717170189617461626c65766964656f766964656f04435245415445205441424c4520766964656f
        656:20280a20202020696420494e5445474552205052494d415259204b45592c0a20202020706174682054455854
        682:204e4f54204e554c4c20554e495155452c0a2020202066696e6765727072696e742054455854204e4f54204e
        6ae:554c4c2c0a2020202073697a6520494e5445474552204e4f54204e554c4c2c0a202020206d6f646966696564
        6da:20494e5445474552204e4f54204e554c4c2c0a2020202064657669636520494e5445474552204e4f54204e55
        706:4c4c2c0a202020206661696c656420494e5445474552204e4f54204e554c4c2c0a20202020726561736f6e20
        732:54455854204e4f54204e554c4c2c0a202020206d6573736167652054455854204e4f54204e554c4c2c0a2020
        75e:2020636f6e7461696e65722054455854204e4f54204e554c4c2c0a20202020636f6465632054455854204e4f
        78a:54204e554c4c2c0a20202020776964746820494e5445474552204e4f54204e554c4c2c0a2020202068656967
        7b6:687420494e5445474552204e4f54204e554c4c2c0a202020206475726174696f6e205245414c2c0a20202020
        7e2:6672616d655f72617465205245414c2c0a20202020636c69705f636f756e7420494e5445474552204e4f5420
        80e:4e554c4c2c0a20202020636865636b73756d20494e5445474552204e4f54204e554c4c0a2c2074696d65735f
        83a:6d656e64656420494e5445474552204e4f54204e554c4c2044454641554c5420302c206465636f6465645f73
        866:68617265205245414c204e4f54204e554c4c2044454641554c5420312c207374617475735f6368616e676564
        892:20494e5445474552204e4f54204e554c4c2044454641554c542030298111090717212101816d7461626c6573
        8be:69676e6174757265737369676e6174757265730a435245415445205441424c45207369676e61747572657320
        8ea:280a20202020766964656f20494e5445474552205052494d415259204b45592c0a202020206461746120424c
        916:4f42204e4f54204e554c4c2c0a20202020636865636b73756d20494e5445474552204e4f54204e554c4c0a29
        beb:0e1f0209
        9000:0d
        9004:0101c00001c0
        91c0:9c3d010500b86c060000803e0000f04101
        98d0:9f
        98e2:803e0000f041
        994c:02
        9fe8:9f
        9ff8:0977cc4ded01e098
        """

    static func write(to folder: String) throws {
        try GoldenFormat2.write(to: folder)
        try GoldenFormat2.apply(changes, size: size, to: folder)
    }
}

@Suite struct GoldenFormat3Tests {
    private static let model = IndexModel(name: "golden", fingerprint: "feed", dimension: 4)

    /// Nearly all of it zeros.
    private static func signature(_ clip: Int) throws -> ClipSignature {
        var bytes: [UInt8] = []
        for head in [Float(0.25), 30] {
            withUnsafeBytes(of: head.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        bytes += [UInt8](repeating: 0, count: ClipSignature.byteCount - bytes.count)
        bytes[8 + 100 * clip] = UInt8(clip + 1)
        bytes[1800] = 0x9f
        return try #require(ClipSignature(bytes: bytes))
    }

    @Test func formatThreeIsReadAndWritten() throws {
        let folder = try TemporaryFolder()
        try GoldenFormat3.write(to: folder.path)
        let signatures = try (0..<2).map(Self.signature)
        do {
            let index = try VideoIndex.open(readingFrom: folder.path, expecting: Self.model)
            defer { index.close() }
            #expect(index.formatVersion == 3)
            #expect(try index.counts() == IndexCounts(ready: 2, failed: 1, clips: 6))
            #expect(try index.signatures(ofVideo: 1) == signatures)
            #expect(try index.signatures(ofVideo: 3) == [])
            #expect(try index.decisions().count == 1)
        }
        let index = try VideoIndex.open(writingTo: folder.path, model: Self.model)
        defer { index.close() }
        #expect(try index.knownFiles().count(where: { $0.isReady && $0.isComplete }) == 1)
        let sample = Sample(1, dimension: 4)
        try index.store(
            sample.identity, facts: sample.facts, intervals: sample.intervals, mixture: sample.mixture,
            signatures: Array(signatures.reversed()))
        #expect(try index.signatures(ofVideo: 1) == signatures.reversed())
    }
}
