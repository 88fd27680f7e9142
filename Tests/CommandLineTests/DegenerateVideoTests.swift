import Foundation
import Testing
import TestSupport

/// Videos that hardly are any, and models that hardly are any, through the whole way: files, worker processes, an index,
/// searches and groups. Every distance is a number, and what cannot be used is said.
@Suite struct DegenerateVideoTests {
    /// Name and source: pictures without content, without change, or almost without pictures.
    private static let videos: [(name: String, source: String, frames: Int)] = [
        ("black.mp4", "color=black:s=64x48:r=8", 24), ("white.mp4", "color=white:s=64x48:r=8", 24),
        ("grey.mp4", "color=0x808080:s=64x48:r=8", 24), ("constant.mp4", "testsrc=s=64x48:r=8,loop=30:1", 24),
        ("one.mp4", "testsrc2=s=64x48:r=8", 1), ("one black.mp4", "color=black:s=64x48:r=8", 1),
        ("two.gif", "testsrc2=s=64x48:r=8", 2), ("pixel.mkv", "testsrc2=s=2x2:r=8", 24),
        ("noise.mp4", "nullsrc=s=64x48:r=8,geq=random(1)*255:128:128", 24),
        ("thin.mp4", "testsrc2=s=512x2:r=8", 24), ("slow.mp4", "testsrc2=s=64x48:r=1/5", 3),
    ]

    private func distances(_ answer: [String: Any]) throws -> [Double] {
        try #require(answer["matches"] as? [[String: Any]]).map { try #require($0["distance"] as? Double) }
    }

    @Test func degenerateVideosHaveFiniteDistances() throws {
        let index = try TestIndex()
        let folder = index.folder.path + "/videos"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for video in Self.videos {
            try FFmpeg.run(
                ["-f", "lavfi", "-i", video.source, "-frames:v", "\(video.frames)"]
                    + (video.name.hasSuffix("gif") ? [] : ["-c:v", "mpeg4"]) + ["\(folder)/\(video.name)"])
        }
        let run = try index.run("index", folder, "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try run.json()["indexed"] as? Int == Self.videos.count, "\(run.output)\(run.errors)")
        for video in Self.videos {
            for granularity in ["clip", "video"] {
                let found = try index.run(
                    "search", "\(folder)/\(video.name)", "--granularity", granularity, "--json", "--limit",
                    "99")
                #expect(found.status == 0, "\(video.name): \(found.errors)")
                let distances = try distances(try found.json())
                #expect(distances.count == Self.videos.count, "\(video.name)")
                #expect(
                    distances.first == 0 && distances == distances.sorted(), "\(video.name): \(distances)")
                #expect(distances.allSatisfy { $0.isFinite && $0 >= 0 }, "\(video.name): \(distances)")
            }
            // The paper's sampling, in which zero variance would show first.
            let sampled = try index.run("search", "\(folder)/\(video.name)", "--mode", "iid", "--json")
            #expect(sampled.status == 0, "\(video.name): \(sampled.errors)")
            #expect(try distances(try sampled.json()).allSatisfy { $0.isFinite && $0 >= 0 })
        }
        let groups = try index.run("duplicates", "--json", "--max-distance", "1")
        #expect(groups.status == 0, "\(groups.errors)")
    }

    /// The last tensor of the file, by name, is `head.norm.weight`; its last value is overwritten.
    @Test(arguments: [(UInt16(0x7E00), "NaN"), (0x7C00, "infinity"), (0xFC00, "minus infinity")])
    func weightsThatAreNoNumbersAreNamed(bits: UInt16, name: String) throws {
        let index = try TestIndex()
        let model = index.folder.path + "/model"
        try FileManager.default.copyItem(atPath: index.material.model, toPath: model)
        let path = URL(fileURLWithPath: model + "/model.safetensors")
        var data = try Data(contentsOf: path)
        data[data.count - 2] = UInt8(bits & 255)
        data[data.count - 1] = UInt8(bits >> 8)
        try data.write(to: path)
        for command in [["index", index.material.videos], ["search", index.material.video(0)]] {
            let outcome = try Running.run(command + ["--index", index.path, "--model", model])
            #expect(outcome.status == 1, "\(name): \(outcome.output)")
            #expect(
                command[0] == "search" || outcome.errors.contains("is not a finite number"),
                "\(name): \(outcome.errors)")
            #expect(outcome.errors.contains("error: ") && outcome.errors.contains("hint: "))
        }
        #expect(!FileManager.default.fileExists(atPath: index.path + "/videos.sqlite"))
    }
}
