import Base
import Distributions
import Foundation
import Fuzzing
import Indexing
import Retrieval
import Testing

/// A log that was damaged, and the index then written to.
@Suite(.serialized) struct LostChangeTests {
    /// The log lost its last change and another one is made in its place, so that the sequence is again what it was: a file that
    /// was derived from what is lost must not be believed.
    @Test func whatWasDerivedFromALostChangeIsNotBelieved() throws {
        let truth = IndexFiles.shared
        let folder = Scratch.folder + "/lost"
        let place = try #require(truth.states[1].firstIndex { $0.name.hasSuffix("-wal") })
        // The longest log that ends with the last change but one.
        var files = truth.states[1]
        while true {
            files[place].bytes.removeLast(24 + 4096)
            truth.lay(files, into: folder)
            let index = try VideoIndex.open(readingFrom: folder)
            defer { index.close() }
            if try index.counts().ready == 7 { break }
        }
        truth.lay(files, into: folder)
        let model = try VideoIndex.open(readingFrom: folder).model
        let clips = 1 + 7 % 3
        let mixture = GaussianMixture(
            components: (0..<clips).map { _ in
                Gaussian(
                    mean: [Float](repeating: 100, count: model.dimension),
                    logVariance: [Float](repeating: -1, count: model.dimension))
            })
        let index = try VideoIndex.open(writingTo: folder, model: model)
        try index.store(
            FileIdentity(path: "/v/new.mp4", fingerprint: "new", size: 1, modified: 1),
            facts: StreamFacts(
                container: "", codec: "", width: 1, height: 1, duration: nil, frameRate: nil),
            intervals: (0..<clips).map { TimeRange(start: Double($0), stop: Double($0 + 1)) },
            mixture: mixture)
        index.close()
        let answers = try IndexFiles.answers(folder)
        for name in ["moments.bin", "clips.bin", "scenes.bin"] { unlink("\(folder)/\(name)") }
        let expected = try IndexFiles.answers(folder)
        #expect(answers == expected)
    }
}
