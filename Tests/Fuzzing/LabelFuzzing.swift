import Distributions
import Evaluation
import Glibc

/// What measurements read: label files, published splits and kept features; the first byte says which.
enum LabelFuzzing {
    static let target = FuzzTarget(
        name: "labels",
        seeds: {
            let texts = [
                "\u{0}path,label,split\na.mp4,x,query\n\"b,c.mp4\",\"y \"\"z\"\"\",gallery\r\n",
                "\u{1}1 Archery\n2 Bowling\n\u{1}Archery/v_a.avi 1\n\u{1}Bowling/v_b.avi\n",
                "\u{2}a.avi 1\nb.avi 2\nc.avi 0\n",
            ]
            let plain = texts.map { Array($0.utf8) }
            return plain + plain.flatMap(Edges.variants) + [[3] + (try features())]
        },
        run: { bytes in
            guard let kind = bytes.first else { return }
            let content = Array(bytes.dropFirst())
            switch kind % 4 {
            case 0:
                let path = Scratch.write(content, to: "labels.csv")
                _ = try? CSVTable(text: String(decoding: content, as: UTF8.self), path: path)
                _ = try? LabelledVideos(path: path)
            case 1:
                let folder = Scratch.newFolder("ucf101")
                let parts = content.split(separator: 1, maxSplits: 2, omittingEmptySubsequences: false)
                for (name, part) in zip(["classInd.txt", "trainlist01.txt", "testlist01.txt"], parts) {
                    Scratch.write(Array(part), to: "\(folder)/\(name)")
                }
                _ = try? PublishedSplit.ucf101.read(number: 1, folder: folder, videosIn: "/nowhere")
            case 2:
                let folder = Scratch.newFolder("hmdb51")
                Scratch.write(content, to: "\(folder)/climb_test_split1.txt")
                _ = try? PublishedSplit.hmdb51.read(number: 1, folder: folder, videosIn: "/nowhere")
            default:
                let path = Scratch.write(content, to: "features")
                guard let store = try? FeatureStore(path: path, key: "key") else { return }
                defer { store.close() }
                if let found = store.features(path: "/a", stamp: .init(size: 1, changed: 2)) {
                    try must(found.moments.mean.count == found.moments.variance.count, "half of the moments")
                }
            }
        })

    /// A file with one record.
    private static func features() throws -> [UInt8] {
        let path = "\(Scratch.folder)/features.seed"
        unlink(path)
        let store = try FeatureStore(path: path, key: "key")
        _ = store.append(
            path: "/a", stamp: .init(size: 1, changed: 2),
            features: VideoFeatures(
                clipCount: 1, backbone: [1, 2], moments: Moments(mean: [0], variance: [1]), histogram: [1]))
        store.close()
        return Scratch.read(path) ?? []
    }
}
