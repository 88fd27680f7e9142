import Distributions
import Foundation
import Glibc
import Indexing
import Testing
import TestSupport

/// The files derived from the clips.
@Suite struct ClipTableTests {
    @Test func everyClipHasARow() throws {
        let folder = try TemporaryFolder()
        let index = try VideoIndex.forTests(folder.path)
        defer { index.close() }
        for number in 0..<9 { try index.store(Sample(number)) }
        try index.remove(ids: [4])
        let table = try index.unverifiedMoments(of: .clips)
        #expect(table.verify())
        #expect(table.count == (try index.counts()).clips)
        var row = 0
        for video in try index.videos(ids: Array(1...9)) {
            for clip in try index.mixture(ofVideo: video.id).mixture.components {
                table.withRows { rows in
                    #expect(rows.video(row) == video.id)
                    var sum = 0.0
                    for d in 0..<table.dimension {
                        #expect(rows.mean(row)[d] == clip.mean[d])
                        #expect(rows.variance(row)[d] == exp(clip.logVariance[d]))
                        sum += Double(clip.logVariance[d])
                    }
                    #expect(abs(Double(rows.logDeterminants[row]) - sum) < 1e-3)
                }
                row += 1
            }
        }
        #expect(row == table.count)
        // The file is the same as long as nothing changes, and another's after that.
        #expect(try index.unverifiedMoments(of: .clips) === table)
        try index.store(Sample(20))
        #expect(try index.unverifiedMoments(of: .clips).count == (try index.counts()).clips)
        #expect(try index.moments().count == 9)
    }

    @Test func emptyClipsAreKept() throws {
        let folder = try TemporaryFolder()
        let index = try VideoIndex.forTests(folder.path)
        defer { index.close() }
        #expect(index.emptyClips() == nil)
        let clips = Sample(3, clips: 2).mixture.components
        index.store(emptyClips: clips)
        #expect(index.emptyClips() == clips)
        let path = folder.path + "/empty.bin"
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        for place in [0, 9, 40, data.count - 1] {
            var damaged = data
            damaged[place] ^= 4
            try damaged.write(to: URL(fileURLWithPath: path))
            #expect(index.emptyClips() == nil, "byte \(place)")
        }
        try data.dropLast(4).write(to: URL(fileURLWithPath: path))
        #expect(index.emptyClips() == nil)
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(!leftovers.contains { $0.hasPrefix("empty.") && $0.hasSuffix(".temporary") })
    }
}
