import Foundation
import Indexing
import Testing

/// `moments.bin` and `clips.bin` as each version was first written: what is mapped is never read in another way than it was
/// meant, and what is older is made anew. A change of the layout without another version would show here.
@Suite struct GoldenDerivedFilesTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/golden/formats")

    private func inode(_ path: String) throws -> Int {
        try #require(
            FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int, "\(path)")
    }

    @Test(arguments: [(version: 2, isMapped: false), (version: 3, isMapped: true)])
    func everyVersionGivesWhatItMeant(version: Int, isMapped: Bool) throws {
        let folder = try TemporaryFolder()
        try GoldenFormat1.write(to: folder.path)
        for kind in ["moments", "clips"] {
            try FileManager.default.copyItem(
                at: Self.fixtures.appendingPathComponent("\(kind)-\(version).bin"),
                to: URL(fileURLWithPath: "\(folder.path)/\(kind).bin"))
        }
        let before = try ["moments", "clips"].map { try inode("\(folder.path)/\($0).bin") }
        let index = try VideoIndex.open(
            readingFrom: folder.path, expecting: IndexModel(name: "golden", fingerprint: "feed", dimension: 4)
        )
        defer { index.close() }
        let rows = try index.moments().contents
        #expect(rows.count == 2)
        let clips = try index.unverifiedMoments(of: .clips)
        #expect(clips.verify() && clips.count == 6)
        var row = 0
        for (id, number) in [(Int64(1), 1), (3, 3)] {
            let sample = Sample(number, dimension: 4)
            #expect(rows[id]?.mean == sample.mixture.moments().mean)
            #expect(rows[id]?.variance == sample.mixture.moments().variance)
            for gaussian in sample.mixture.components {
                clips.withRows { means, variances, _, ids in
                    #expect(ids[row] == id)
                    for d in 0..<4 {
                        #expect(means[row * clips.stride + d] == gaussian.mean[d])
                        let variance = exp(gaussian.logVariance[d])
                        #expect(abs(variances[row * clips.stride + d] - variance) <= 1e-6 * variance)
                    }
                }
                row += 1
            }
        }
        // Made anew, they are other files.
        #expect(
            try (["moments", "clips"].map { try inode("\(folder.path)/\($0).bin") } == before) == isMapped)
    }
}
