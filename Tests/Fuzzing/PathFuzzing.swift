import Base
import Distributions
import Indexing
import Retrieval

/// Path patterns, and paths and fingerprints as keys: three texts, a line break between them.
enum PathFuzzing {
    static let target = FuzzTarget(
        name: "paths",
        seeds: {
            [
                "*.mp4\n/v/a.mp4\nab12", "/v/**/x[!a-c]?\n/v/u/xd1\n\u{e9}", "\\*[]x]\n/*]\n", "**\n/a/b\nfe",
                "e\u{301}*\n/\u{e9}\n..", "holiday/\n/x/holiday/b\n00",
            ].map { Array($0.utf8) }
        },
        run: { bytes in
            let parts = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            let (first, path) = (parts[0], "/" + (parts.count > 1 ? parts[1] : ""))
            let fingerprint = parts.count > 2 ? parts[2] : ""
            if let pattern = PathPattern(first) {
                if pattern.matches(path) {
                    // A pattern that fits a folder fits all that is in it.
                    try must(pattern.matches(path + "/x"), "it fits the folder and not what is in it")
                }
            }
            try keys(path, fingerprint, other: first)
        })

    private static let index: VideoIndex = {
        let model = IndexModel(name: "paths", fingerprint: "feed", dimension: 2)
        do {
            return try VideoIndex.open(
                writingTo: Scratch.newFolder("paths"), model: model, durability: .process)
        } catch { fatalError("\(error)") }
    }()

    /// What is stored under a path or a fingerprint is found under it, byte for byte, and under nothing else.
    private static func keys(_ path: String, _ fingerprint: String, other: String) throws {
        guard !path.utf8.contains(0), !fingerprint.utf8.contains(0), !other.utf8.contains(0) else { return }
        let identity = FileIdentity(path: path, fingerprint: fingerprint, size: 1, modified: 2)
        let facts = StreamFacts(container: "c", codec: "d", width: 1, height: 1, duration: 1, frameRate: 1)
        let gaussian = Gaussian(mean: [0, 1], logVariance: [0, 0])
        let id = try index.store(
            identity, facts: facts, intervals: [TimeRange(start: 0, stop: 1)],
            mixture: GaussianMixture(components: [gaussian]))
        let found = try index.video(atPath: path)
        try must(found.map { Array($0.identity.path.utf8) } == Array(path.utf8), "the path is another")
        try must(try index.videos(withFingerprint: fingerprint).map(\.id) == [id], "not found by content")
        if Array(other.utf8) != Array(path.utf8) {
            try must(try index.video(atPath: other) == nil, "found under another path")
        }
        let decision = PairDecision(other, fingerprint, decided: 3)
        try must(decision == PairDecision(fingerprint, other, decided: 3), "a pair has an order")
        try index.record([decision])
        try must(try index.decisions() == [decision], "the decision is another")
        try must(try index.withdraw([(fingerprint, other)]) == 1, "the decision is not taken back")
        try must(try index.remove(paths: [path]) == 1, "not removed by its path")
    }
}
