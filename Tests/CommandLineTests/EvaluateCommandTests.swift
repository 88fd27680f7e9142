import Foundation
import Testing
import TestSupport

/// Measurements of a small model on a few drawn videos.
@Suite struct EvaluateCommandTests {
    let material: Material
    let folder: TemporaryFolder
    private var videos: String { folder.file("UCF-101") }
    private var splits: String { folder.path + "/ucfTrainTestlist" }

    /// Names as in the published lists: class, group, clip.
    private static let classes = [
        ("ApplyEyeMakeup", "testsrc2", "hue=s=0"), ("Archery", "mandelbrot", "null"),
    ]
    private static let groups = ["g01_c01", "g02_c01", "g08_c01", "g08_c02", "g09_c01"]

    init() throws {
        material = try Material.shared.get()
        folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: Self.drawn.get().path, toPath: videos)
    }

    /// The videos, drawn once.
    private static let drawn = Result {
        let videos = try TemporaryFolder()
        for (label, source, filter) in classes {
            for (index, group) in groups.enumerated() {
                try FFmpeg.draw(
                    "\(source)=size=\(64 + 8 * index)x48:rate=10,\(filter)", seconds: 2.2,
                    to: videos.file("\(label)/v_\(label)_\(group).avi"))
            }
        }
        return videos
    }

    /// The three lists of a split, with the line ends, numbers and order of the published ones.
    private func writeSplit(_ number: Int, test: ClosedRange<Int>) throws {
        try FileManager.default.createDirectory(atPath: splits, withIntermediateDirectories: true)
        func write(_ lines: [String], _ name: String) throws {
            try lines.map { $0 + "\r\n" }.joined().write(
                toFile: "\(splits)/\(name)", atomically: true, encoding: .utf8)
        }
        try write(Self.classes.enumerated().map { "\($0 + 1) \($1.0)" }, "classInd.txt")
        var (train, tested): ([String], [String]) = ([], [])
        for (place, (label, _, _)) in Self.classes.enumerated() {
            for (index, group) in Self.groups.enumerated() {
                let name = "\(label)/v_\(label)_\(group).avi"
                if test.contains(index) { tested.append(name) } else { train.append("\(name) \(place + 1)") }
            }
        }
        try write(train, "trainlist0\(number).txt")
        try write(tested, "testlist0\(number).txt")
    }

    private func arguments(_ more: [String]) -> [String] {
        ["evaluate", videos, "--model", material.model, "--clips", "2", "--workers", "2"] + more
    }

    private func evaluate(_ more: [String]) throws -> Running.Outcome { try Running.run(arguments(more)) }

    private func modelBytes() throws -> [String: Data] {
        var result: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: material.model) {
            result[name] = try Data(contentsOf: URL(fileURLWithPath: "\(material.model)/\(name)"))
        }
        return result
    }

    private func ucf101(_ split: Int) -> [String] {
        ["--protocol", "ucf101", "--split", "\(split)", "--splits-folder", splits]
    }

    @Test func aPublishedSplitFromListsToReport() throws {
        try writeSplit(1, test: 0...1)
        try writeSplit(2, test: 2...4)
        let out = folder.path + "/report"
        let outcome = try evaluate(ucf101(1) + ["--probe", "--json", "--out", out])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let report = try outcome.json()
        let facts = try #require(report["videos"] as? [String: Any])
        #expect(facts["protocol"] as? String == "split")
        #expect(facts["queries"] as? Int == 4 && facts["gallery"] as? Int == 6)
        #expect(facts["readable"] as? Int == 10 && facts["classes"] as? Int == 2)
        #expect((facts["skipped"] as? [Any])?.isEmpty == true)
        let rows = try #require(report["retrieval"] as? [[String: Any]])
        #expect(rows.count == 12)
        // A grey test chart and a fractal: even the colour histogram tells them apart.
        let histogram = rows.first { $0["compared_by"] as? String == "histogram" }
        #expect((histogram?["recall"] as? [String: Double])?["1"] == 1)
        let probes = try #require(report["linear_probe"] as? [[String: Any]])
        #expect(probes.count == 5)
        #expect(probes.allSatisfy { $0["tested"] as? Int == 4 && $0["folds"] as? Int == 1 })
        #expect((report["fine_tune"] as? [Any])?.isEmpty == true)
        let table = try String(contentsOfFile: out + "/report.md", encoding: .utf8)
        #expect(table.hasPrefix("10 videos of 2 classes, 4 queries, 4 queries against 6 others"))

        let second = try evaluate(ucf101(2) + ["--no-baselines", "--json"])
        #expect(second.status == 0, "\(second.errors)")
        let others = try #require(try second.json()["videos"] as? [String: Any])
        #expect(others["queries"] as? Int == 6 && others["gallery"] as? Int == 4)
        // There is no third list here; a video of the list that is not on the disk is said.
        let third = try evaluate(ucf101(3))
        #expect(third.status == 1 && third.errors.contains("trainlist03.txt"), "\(third.errors)")
        try FileManager.default.removeItem(atPath: "\(videos)/Archery/v_Archery_g01_c01.avi")
        let missing = try evaluate(ucf101(1) + ["--no-baselines", "--json"])
        #expect(missing.status == 0 && missing.errors.contains("warning: Archery/v_Archery_g01_c01.avi: "))
        #expect((try missing.json()["videos"] as? [String: Any])?["queries"] as? Int == 3)
    }

    @Test func fineTuningByAPublishedSplit() throws {
        try writeSplit(1, test: 0...1)
        let before = try modelBytes()
        let outcome = try evaluate(
            ucf101(1) + ["--no-baselines", "--probe", "--fine-tune", "--fine-tune-epochs", "2"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("| model | linear probe, backbone mean | 4 | 1 |"))
        #expect(outcome.output.contains("| model | fine-tuned, 2 epochs | 4 | 1 |"), "\(outcome.output)")
        #expect(
            outcome.errors.contains("fine-tuning model: 1 fold, 2 epochs in steps of 6 clips, about "),
            "\(outcome.errors)")
        #expect(outcome.errors.contains("MiB of memory"))
        #expect(outcome.errors.contains("fine-tuning model, step 1/2, loss "))
        #expect(try modelBytes() == before)
    }

    @Test func anInterruptedFineTuningEndsAndTheSameCommandGoesOn() throws {
        try writeSplit(1, test: 0...1)
        let before = try modelBytes()
        let work = folder.path + "/work"
        let options = ucf101(1) + ["--no-baselines", "--fine-tune", "--work", work]
        let run = try Running(arguments(options + ["--fine-tune-epochs", "10000"]))
        // The features are complete once the decoding of the clips begins; then some steps.
        #expect(run.says("step 1/10000"))
        run.send(SIGINT)
        let outcome = try run.outcome()
        #expect(outcome.status == 130, "\(outcome.errors)")
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("hint: run the same command again to continue"))
        let left = try FileManager.default.contentsOfDirectory(atPath: work)
        #expect(left.count == 1 && left.allSatisfy { $0.hasSuffix(".features") }, "\(left)")
        #expect(try modelBytes() == before)
        let again = try evaluate(options + ["--fine-tune-epochs", "1", "--json"])
        #expect(again.status == 0, "\(again.errors)")
        let results = try #require(try again.json()["fine_tune"] as? [[String: Any]])
        #expect(results.count == 1 && results[0]["tested"] as? Int == 4)
    }

    @Test(arguments: [
        (["--fine-tune-epochs", "0"], "--fine-tune-epochs"),
        (["--fine-tune-learning-rate", "0"], "--fine-tune-learning-rate"),
        (["--fine-tune-learning-rate", "nan"], "--fine-tune-learning-rate"),
        (["--fine-tune-batch", "1"], "--fine-tune-batch"), (["--split", "4"], "--split"),
        (["--protocol", "ucf101"], "--splits-folder"), (["--folds", "1"], "--folds"),
    ])
    func aWrongOptionIsNamed(options: [String], name: String) throws {
        let outcome = try evaluate(options)
        #expect(outcome.status == 64 && outcome.errors.contains(name), "\(outcome.errors)")
    }
}
