import Foundation
import Indexing
import Testing
import TestSupport

/// An index as format 2 was first written, kept forever: that of format 1 after a decision of its first two files, as what
/// differs from it.
enum GoldenFormat2 {
    static let size = 36864
    static let changes = """
        1b:03
        1f:09
        2b:09
        3f:02
        5f:03
        68:080942
        7a:0942
        942:816f0807171d1d0183317461626c656465636973696f6e6465636973696f6e09435245415445205441424c45
        96e:206465636973696f6e20280a2020202066697273742054455854204e4f54204e554c4c2c0a20202020736563
        99a:6f6e642054455854204e4f54204e554c4c2c0a20202020766572646963742054455854204e4f54204e554c4c
        9c6:2c0a202020206465636964656420494e5445474552204e4f54204e554c4c2c0a20202020636865636b73756d
        9f2:20494e5445474552204e4f54204e554c4c2c0a202020205052494d415259204b4559202866697273742c2073
        a1e:65636f6e64290a2920574954484f555420524f574944
        8000:0a
        8004:010fc2000fc2
        8fc2:3d062d2d23040631643062313465346462303138666564393130613264656338393032356363316e6f745f61
        8fee:5f6d617463686553f100bbe3bd3449df30ba
        """

    static func write(to folder: String) throws {
        try GoldenFormat1.write(to: folder)
        try apply(changes, size: size, to: folder)
    }

    /// Writes lines of `offset:bytes`, in hexadecimal, over an index that grows to a size.
    static func apply(_ changes: String, size: Int, to folder: String) throws {
        let url = URL(fileURLWithPath: folder + "/videos.sqlite")
        var data = try Data(contentsOf: url)
        data.append(Data(count: size - data.count))
        try GoldenFormat1.set(changes, in: &data)
        try data.write(to: url)
    }
}

@Suite struct GoldenFormat2Tests {
    @Test func formatTwoIsReadAndWritten() throws {
        let folder = try TemporaryFolder()
        try GoldenFormat2.write(to: folder.path)
        let model = IndexModel(name: "golden", fingerprint: "feed", dimension: 4)
        let (first, second) = (Sample(1, dimension: 4).identity.fingerprint, "1d0b14e4db018fed")
        let decision = PairDecision(first, second, decided: 1_700_000_000)
        do {
            let index = try VideoIndex.open(readingFrom: folder.path, expecting: model)
            defer { index.close() }
            #expect(index.formatVersion == 2)
            #expect(try index.counts() == IndexCounts(ready: 2, failed: 1, clips: 6))
            #expect(try index.decisions() == [decision])
            #expect(try index.videos(withFingerprint: first).map(\.id) == [1])
        }
        let index = try VideoIndex.open(writingTo: folder.path, model: model)
        defer { index.close() }
        #expect(try index.withdraw([(second, first)]) == 1)
        #expect(try index.decisions() == [])
    }
}
