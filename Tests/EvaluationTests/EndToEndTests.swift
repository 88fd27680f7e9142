import Evaluation
import Foundation
import Synchronization
import Testing
import TestSupport
import VideoEncoding

/// Eight labelled videos that colours tell apart, and a tiny model; drawn once.
private struct Collection: Sendable {
    static let shared = Result { try Collection() }
    let folder: TemporaryFolder
    var videos: String { folder.path + "/videos" }
    var model: String { folder.path + "/tiny" }

    init() throws {
        folder = try TemporaryFolder()
        try makeTinyModel(at: folder.path + "/tiny")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/checkpoints", withIntermediateDirectories: true)
        for (name, seed) in [("step-2", 5), ("step-10", 6)] {
            try makeTinyModel(at: folder.path + "/checkpoints/\(name)", seed: UInt64(seed))
        }
        for index in 0..<4 {
            let seconds = 1.5 + 0.7 * Double(index)
            let size = "size=\(48 + 8 * index)x48:rate=8"
            try FFmpeg.draw("testsrc2=\(size),hue=s=0", seconds: seconds, to: "\(videos)/grey/g\(index).mp4")
            try FFmpeg.draw(
                "mandelbrot=\(size):start_scale=\(1 + index)", seconds: seconds,
                to: "\(videos)/fractal/f\(index).mp4")
        }
        try FFmpeg.draw("color=red:size=48x48:rate=8", seconds: 1, to: "\(videos)/lone/only.mp4")
        try folder.write("no video, whatever the name says", to: "videos/grey/broken.mp4")
    }
}

@Suite struct EndToEndTests {
    private let collection: Collection

    init() throws { collection = try Collection.shared.get() }

    private func labelled() throws -> LabelledVideos {
        LabelledVideoFilter().apply(try LabelledVideos(path: collection.videos))
    }

    @Test func everythingAtOnce() throws {
        let work = try TemporaryFolder()
        var request = EvaluationRequest(
            models: [collection.model], checkpoints: "\(collection.folder.path)/checkpoints")
        request.probes = true
        request.foldCount = 2
        request.analysesUncertainty = true
        request.bootstrapDraws = 200
        request.workers = 2
        request.workFolder = "\(work.path)/deep/work"
        let seen = Mutex<[EvaluationProgress]>([])
        let hooks = EvaluationHooks(progress: { progress in seen.withLock { $0.append(progress) } })
        let report = try Evaluation.run(try labelled(), request, hooks: hooks)

        #expect(report.facts.readable == 9)
        #expect(report.facts.queries == 8)
        #expect(report.facts.classes == 3)
        #expect(report.facts.lonely == ["lone/only.mp4"])
        #expect(report.facts.skipped.map(\.name) == ["grey/broken.mp4"])
        #expect(
            report.rows.map(\.model) == Array(repeating: "tiny", count: 5)
                + Array(repeating: "random weights", count: 5) + ["colour histogram", "chance"])
        #expect(report.rows[10].recalls[0] == 1)
        for row in report.rows {
            #expect(row.recalls == row.recalls.sorted())
            #expect(row.recalls[4] > 1 - 1e-12)
            #expect((0...1).contains(row.meanAveragePrecision))
        }
        // Five rows of the model, against the same of random weights and against the histogram.
        #expect(report.significances.count == 10)
        #expect(report.probes.count == 5)
        #expect(report.probes.allSatisfy { $0.tested == 9 && $0.folds == 2 })
        #expect(report.checkpoints.map(\.name) == ["step-2", "step-10"])
        #expect(report.checkpoints.map(\.step) == [2, 10])
        #expect(report.uncertainties.count == 1)
        #expect(report.uncertainties[0].bins.reduce(0) { $0 + $1.count } == 8)
        let inflation = report.uncertainties[0].inflation
        // Factor 1 is the row of the table.
        #expect(inflation[0].distribution == report.rows[2].recalls[0])
        #expect(abs(inflation[1].uncertainty - inflation[0].uncertainty - 0.693147) < 1e-4)
        #expect(seen.withLock { $0.last?.done } == 10)
        #expect(seen.withLock { $0.last?.failed } == 1)

        // Once more from the store: the same, and nothing is encoded but the broken file.
        var second: EvaluationProgress?
        let again = try Evaluation.run(
            try labelled(), request, hooks: EvaluationHooks(progress: { second = $0 }))
        #expect(again == report)
        #expect(second?.remembered == 9)

        let out = "\(work.path)/out/here"
        let files = try report.write(to: out)
        #expect(files.count == 12)
        for name in files { #expect(FileManager.default.fileExists(atPath: "\(out)/\(name)")) }
        let json = try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any]
        #expect((json?["retrieval"] as? [Any])?.count == 12)
        let plot = try String(contentsOfFile: "\(out)/checkpoints.svg", encoding: .utf8)
        #expect(plot.hasPrefix("<svg") && plot.contains("polyline"))
        let table = report.markdown
        #expect(table.contains("| model | compared by | centred | R@1 | R@5 | R@10 | R@20 | R@50 | mAP |"))
        #expect(table.contains("| colour histogram | HSV 8×4×4, intersection | – | 100.0 |"))
        #expect(table.contains("1 labelled videos were no queries"))
    }

    @Test func theStoreAndTheThreadsChangeNothing() throws {
        var request = EvaluationRequest(models: [collection.model])
        request.measuresBaselines = false
        let one = try Evaluation.run(try labelled(), request)
        request.workers = 3
        #expect(try Evaluation.run(try labelled(), request) == one)
        #expect(one.rows.count == 5)
        // A tenth of the clips is another measurement.
        request.clipCount = 1
        #expect(try Evaluation.run(try labelled(), request).facts.clipCount == 1)
    }

    @Test func featuresAgreeWithTheSession() throws {
        // One clip, the whole of a short video: what a session makes of it.
        let path = "\(collection.videos)/lone/only.mp4"
        let encoder = try VideoEncoder(folder: collection.model)
        let encoded = try encoder.makeSession(threads: 1).encode(path: path)
        let work = try TemporaryFolder()
        var request = EvaluationRequest(models: [collection.model])
        request.measuresBaselines = false
        request.workFolder = work.path
        // Another file of the same bytes, since a file does not find itself.
        let copy = "\(collection.folder.path)/copy-of-only.mp4"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let pair = LabelledVideos([
            LabelledVideo(path: path, name: "a", label: "x"),
            LabelledVideo(path: copy, name: "b", label: "x"),
        ])
        let report = try Evaluation.run(pair, request)
        #expect(report.rows.allSatisfy { $0.recalls[0] == 1 })
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: work.path).first)
        let key = "model \(encoder.fingerprint), \(encoder.precision), 10 uniform clips, histogram 8x4x4"
        let store = try FeatureStore(path: "\(work.path)/\(name)", key: key)
        let stamp = try #require(FeatureStore.Stamp(path: path))
        let features = try #require(store.features(path: path, stamp: stamp))
        #expect(features.moments == encoded.mixture.moments())
        #expect(features.clipCount == 1)
        #expect(features.backbone.count == encoder.configuration.featureChannels)
        #expect(features.histogram.contains(1))
    }

    @Test func badInputHasAReason() throws {
        let folder = try TemporaryFolder()
        func message(_ videos: LabelledVideos, _ change: (inout EvaluationRequest) -> Void = { _ in })
            -> String
        {
            var request = EvaluationRequest(models: [collection.model])
            request.measuresBaselines = false
            change(&request)
            return failure { () throws(EvaluationError) in _ = try Evaluation.run(videos, request) }?.message
                ?? ""
        }
        #expect(message(LabelledVideos([])) == "there are no videos")
        let loose = LabelledVideo(path: "x.mp4", name: "x.mp4", label: nil)
        #expect(message(LabelledVideos([loose])) == "no video has a label")
        let all = try labelled()
        let one = LabelledVideos(all.videos.filter { $0.label == "lone" })
        #expect(message(one).contains("no class has two readable videos"))
        let missing = LabelledVideos(videos(["a", "a"]))
        #expect(message(missing).contains("0 readable, 2 not"))
        #expect(message(all) { $0.models = ["\(folder.path)/none"] }.contains("none/config.json"))
        #expect(message(all) { $0.checkpoints = folder.path }.contains("holds no model folders"))
        #expect(message(all) { $0.sourcePattern = "(" }.contains("not a regular expression"))
        let file = try folder.write("x", to: "file")
        #expect(message(all) { $0.workFolder = file }.contains("file"))
    }

    @Test func anInterruptedRunEndsAtOnceAndGoesOn() throws {
        let work = try TemporaryFolder()
        var request = EvaluationRequest(models: [collection.model])
        request.measuresBaselines = false
        request.workFolder = work.path
        let asked = Mutex(0)
        let hooks = EvaluationHooks(
            isCancelled: {
                asked.withLock {
                    $0 += 1
                    return $0 > 40
                }
            })
        let all = try labelled()
        #expect(
            failure { () throws(EvaluationError) in _ = try Evaluation.run(all, request, hooks: hooks) }
                == .cancelled)
        let resumed = try Evaluation.run(all, request)
        request.workFolder = nil
        #expect(try Evaluation.run(all, request) == resumed)
    }

    /// The store is free as soon as the run has ended, whatever its threads still hold of it.
    @Test func anInterruptedRunLetsItsStoreGo() throws {
        let work = try TemporaryFolder()
        var request = EvaluationRequest(models: [collection.model])
        request.measuresBaselines = false
        request.workers = 3
        request.workFolder = work.path
        let all = try labelled()
        let encoder = try VideoEncoder(folder: collection.model)
        let key = "model \(encoder.fingerprint), \(encoder.precision), 10 uniform clips, histogram 8x4x4"
        for questions in 0..<40 {
            let asked = Mutex(0)
            let hooks = EvaluationHooks(
                isCancelled: {
                    asked.withLock {
                        $0 += 1
                        return $0 > questions
                    }
                })
            #expect(
                failure { () throws(EvaluationError) in _ = try Evaluation.run(all, request, hooks: hooks) }
                    == .cancelled)
            let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
            let store = try #require(names.first { $0.hasSuffix(".features") })
            #expect(
                failure { () throws(EvaluationError) in
                    _ = try FeatureStore(path: "\(work.path)/\(store)", key: key)
                } == nil, "after \(questions) questions")
        }
    }

    @Test func equalModelsShareOneStore() throws {
        let work = try TemporaryFolder()
        var request = EvaluationRequest(models: [collection.model])
        request.workers = 2
        request.workFolder = work.path
        let first = try Evaluation.run(try labelled(), request)
        // The random weights of that run as a model of its own: equal to its own row of random weights.
        func names(_ part: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: work.path).filter { $0.contains(part) }
        }
        let random = try #require(try names("random-").first)
        let twin = "\(work.path)/twin"
        try FileManager.default.copyItem(atPath: "\(work.path)/\(random)", toPath: twin)
        request.models = [twin, collection.model, "\(work.path)/\(random)"]
        let notes = Mutex<[String]>([])
        let report = try Evaluation.run(
            try labelled(), request,
            hooks: EvaluationHooks(note: { note in notes.withLock { $0.append(note) } }))
        #expect(try names(".features").count == 2)
        #expect(report.rows.count == 22)
        for row in 0..<5 {
            let recalls = report.rows[row].recalls
            #expect(recalls == first.rows[5 + row].recalls)
            #expect(recalls == report.rows[10 + row].recalls && recalls == report.rows[15 + row].recalls)
            #expect(report.rows[5 + row].recalls == first.rows[row].recalls)
        }
        #expect(notes.withLock { $0.contains("twin is untrained: the random weights of seed 1 themselves") })
        #expect(notes.withLock { !$0.contains { $0.hasPrefix("tiny is untrained") } })
    }

    @Test func modelsAreComparedWithEachOther() throws {
        let steps = ["step-2", "step-10"].map { "\(collection.folder.path)/checkpoints/\($0)" }
        var request = EvaluationRequest(models: [collection.model] + steps)
        request.measuresBaselines = false
        request.bootstrapDraws = 50
        let report = try Evaluation.run(try labelled(), request)
        #expect(report.rows.count == 15)
        // Three pairs of models, five rows each.
        #expect(report.significances.count == 15)
        for result in report.significances {
            let rows = [result.row, result.baseline].map { title in report.rows.first { $0.title == title } }
            let recalls = rows.compactMap { $0?.recalls[0] }
            #expect(recalls.count == 2 && abs(recalls[0] - recalls[1] - result.difference) < 1e-12)
        }
    }

    @Test func queriesAgainstAGallery() throws {
        var request = EvaluationRequest(models: [collection.model])
        request.probes = true
        request.measuresBaselines = false
        let all = try labelled()
        let asking = LabelledVideos(all.videos.filter { $0.fileName.hasSuffix("0.mp4") })
        let others = LabelledVideos(all.videos.filter { !$0.fileName.hasSuffix("0.mp4") })
        let report = try Evaluation.run(asking.queries(against: all), request)
        #expect(report.facts.isSplit)
        #expect(report.facts.queries == 2)
        #expect(report.probes.allSatisfy { $0.folds == 1 && $0.tested == 2 })
        // The gallery holds the queries' own files under other names, and the other query's. Without the own ones a
        // query's class has the same neighbours; the other query's file may stand between them.
        let apart = try Evaluation.run(asking.queries(against: others), request)
        #expect(apart.facts.gallery == report.facts.gallery - 2)
        for (with, without) in zip(report.rows, apart.rows) where !with.isCentered {
            #expect(with.meanAveragePrecision <= without.meanAveragePrecision)
        }
        // The probes learn from the same videos, since the tested ones' own files are left out.
        #expect(report.probes == apart.probes)
        // A copy of a query is another file, and found first; as a near copy it is hidden again.
        let folder = try TemporaryFolder()
        try folder.write("", to: "copies/grey/x")
        for video in asking.videos {
            let target = "\(folder.path)/copies/\(video.label ?? "")"
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: video.path, toPath: "\(target)/copy.mp4")
        }
        let copies = try LabelledVideos(path: "\(folder.path)/copies")
        let both = LabelledVideos(copies.videos + others.videos)
        let found = try Evaluation.run(asking.queries(against: both), request)
        #expect(found.rows.allSatisfy { $0.recalls[0] == 1 })
        request.nearCopyDistance = 0.001
        let masked = try Evaluation.run(asking.queries(against: both), request)
        for (row, without) in zip(masked.rows, apart.rows) where !row.isCentered {
            #expect(row.meanAveragePrecision <= without.meanAveragePrecision)
        }
        #expect(masked.rows[0].meanAveragePrecision < 1)
        #expect(masked.probes == apart.probes)
    }
}
