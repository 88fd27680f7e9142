import Distributions
import Evaluation
import Foundation
import Synchronization
import Testing
import TestSupport
import VideoDecoding

@Suite struct FineTunePlanTests {
    private let counts = [0, 3, 1, 10, 4, 2]
    private func plan(train: [Int] = [1, 2, 3, 4, 5], epochs: Int = 6, batch: Int = 4, seed: String = "s")
        -> FineTunePlan
    {
        FineTunePlan(
            train: train, clipCounts: counts, epochs: epochs, batch: batch, reach: SIMD2(3, 2), seed: seed)
    }

    @Test func everyEpochTakesEveryVideoOnce() {
        let plan = plan()
        #expect(plan.steps == 7)
        let examples = (0..<plan.steps).flatMap { plan.examples(step: $0) }
        #expect(examples.count == 28)
        for epoch in 0..<5 {
            let videos = examples.filter { $0.epoch == epoch }.map(\.video)
            #expect(videos.sorted() == [1, 2, 3, 4, 5])
        }
        #expect(Set((0..<5).map { epoch in examples.filter { $0.epoch == epoch }.map(\.video) }).count > 1)
        for example in examples {
            #expect((0..<counts[example.video]).contains(example.clip))
            #expect(abs(example.shift.x) <= 3 && abs(example.shift.y) <= 2)
        }
        #expect(Set(examples.filter { $0.video == 3 }.map(\.clip)).count > 1)
        #expect(Set(examples.map(\.shift)).count > 5)
        // Any step, in any order, is the same; another seed is another plan.
        #expect(plan.examples(step: 3) == Array(examples[12..<16]))
        #expect(self.plan(seed: "t").examples(step: 3) != Array(examples[12..<16]))
        #expect(self.plan(train: [3], epochs: 3, batch: 1).steps == 3)
    }

    @Test func framesAreShiftedWithTheirEdgesRepeated() {
        let (width, height, frames) = (5, 4, 2)
        var random = SeededGenerator(seed: 8)
        let source = (0..<frames * height * width * 3).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        for shift in [SIMD2(0, 0), SIMD2(2, -1), SIMD2(-4, 3)] {
            var target = [UInt8](repeating: 0, count: source.count)
            source.withUnsafeBufferPointer { source in
                target.withUnsafeMutableBufferPointer {
                    FineTunePlan.shift(source, by: shift, width: width, height: height, into: $0)
                }
            }
            for index in target.indices {
                let (cell, color) = index.quotientAndRemainder(dividingBy: 3)
                let (line, x) = cell.quotientAndRemainder(dividingBy: width)
                let (frame, y) = line.quotientAndRemainder(dividingBy: height)
                let fromX = max(0, min(width - 1, x - shift.x))
                let fromY = max(0, min(height - 1, y - shift.y))
                #expect(target[index] == source[((frame * height + fromY) * width + fromX) * 3 + color])
            }
        }
    }
}

@Suite struct LinearClassifierTests {
    @Test func gradientsAgreeWithDifferences() {
        let (rows, width, classCount) = (5, 4, 3)
        var random = SeededGenerator(seed: 2)
        var features = (0..<rows * width).map { _ in Float(random.nextNormal()) }
        let classes = [0, 2, 1, 1, 0]
        let classifier = LinearClassifier(classCount: classCount, width: width)
        func losses() -> [Double] {
            var ignored = [Float](repeating: 0, count: features.count)
            return features.withUnsafeBufferPointer { features in
                ignored.withUnsafeMutableBufferPointer {
                    classifier.losses(features, classes: classes, dFeatures: $0)
                }
            }
        }
        func mean() -> Double { losses().reduce(0, +) / Double(rows) }
        // At zeros every class is as likely.
        for loss in losses() { #expect(abs(loss - log(3)) < 1e-6) }
        for parameter in classifier.parameters.parameters {
            for index in parameter.value.indices { parameter.value[index] = Float(random.nextNormal()) }
        }
        for parameter in classifier.parameters.parameters { parameter.gradient.update(repeating: 0) }
        var gradient = [Float](repeating: 0, count: features.count)
        _ = features.withUnsafeBufferPointer { features in
            gradient.withUnsafeMutableBufferPointer {
                classifier.losses(features, classes: classes, dFeatures: $0)
            }
        }
        let kept = classifier.parameters.parameters.map { Array($0.gradient) }
        let step: Float = 1e-2
        func difference(_ change: (Float) -> Void) -> Double {
            change(step)
            let above = mean()
            change(-2 * step)
            let below = mean()
            change(step)
            return (above - below) / Double(2 * step)
        }
        for index in features.indices {
            #expect(abs(difference { features[index] += $0 } - Double(gradient[index])) < 1e-3)
        }
        for (parameter, gradients) in zip(classifier.parameters.parameters, kept) {
            for index in gradients.indices {
                #expect(abs(difference { parameter.value[index] += $0 } - Double(gradients[index])) < 1e-3)
            }
        }
        classifier.reset()
        for loss in losses() { #expect(abs(loss - log(3)) < 1e-6) }
    }
}

/// Twelve videos of a bar that travels, across or down, in colours of its class; and a tiny untrained model.
private struct Motions: Sendable {
    static let shared = Result { try Motions() }
    let folder: TemporaryFolder
    let videos: LabelledVideos
    var model: String { folder.path + "/model" }

    init() throws {
        folder = try TemporaryFolder()
        try makeTinyModel(at: folder.path + "/model", seed: 1)
        for index in 0..<6 {
            let place = "\(6 + index)*T*8+\(7 * index)"
            for (label, axis, chroma) in [("across", "X", "cb=90:cr=150"), ("down", "Y", "cb=150:cr=90")] {
                let bar = "geq=lum='\(40 + 15 * index)+120*lt(mod(\(axis)+480-\(place),48),12)':\(chroma)"
                try FFmpeg.draw(
                    "nullsrc=size=48x48:rate=8,\(bar)", seconds: 1.2 + 0.3 * Double(index),
                    to: "\(folder.path)/videos/\(label)/\(label)\(index).mp4")
            }
        }
        videos = try LabelledVideos(path: folder.path + "/videos")
    }
}

@Suite struct FineTuneTests {
    private let motions: Motions

    init() throws { motions = try Motions.shared.get() }

    private func request() -> EvaluationRequest {
        var request = EvaluationRequest(models: [motions.model])
        request.measuresBaselines = false
        request.foldCount = 2
        request.workers = 2
        var choice = FineTuneChoice()
        choice.epochs = 40
        choice.batch = 3
        request.fineTune = choice
        return request
    }

    /// Names, contents and times of all files of the model.
    private func state() throws -> [String: [String]] {
        var result: [String: [String]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: motions.model) {
            let path = "\(motions.model)/\(name)"
            let facts = try FileManager.default.attributesOfItem(atPath: path)
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            result[name] = [bytes.base64EncodedString(), "\(facts[.modificationDate] ?? "")"]
        }
        return result
    }

    @Test func twoMotionsAreLearned() throws {
        let before = try state()
        let seen = Mutex<[FineTuneProgress]>([])
        let notes = Mutex<[String]>([])
        let hooks = EvaluationHooks(
            fineTuning: { progress in seen.withLock { $0.append(progress) } },
            note: { note in notes.withLock { $0.append(note) } })
        var request = request()
        request.probes = true
        let report = try Evaluation.run(motions.videos, request, hooks: hooks)

        #expect(report.fineTunes.count == 1)
        let result = try #require(report.fineTunes.first)
        #expect(result.model == "model" && result.folds == 2 && result.tested == 12)
        // Chance is one half; ten of twelve by chance has a probability below 2 %.
        #expect(result.accuracy >= 10.0 / 12, "\(result.accuracy)")
        #expect(result.losses.count == 40)
        #expect(result.losses[39] < 0.5 * result.losses[0], "\(result.losses)")
        #expect(result.steps == 2 * 40 * 6 / 3)
        #expect(try state() == before)

        let progress = seen.withLock { $0 }
        #expect(progress.count == 160 + 12)
        #expect(progress.map(\.fold) == progress.map(\.fold).sorted())
        #expect(progress.last?.step == 80 && progress.last?.tested == 6 && progress.last?.fold == 2)
        #expect(progress[0].secondsLeft.map { $0 >= 0 } == true && progress.last?.secondsLeft == 0)
        let memory = notes.withLock { $0.first { $0.hasPrefix("fine-tuning model: 2 folds, 40 epochs") } }
        #expect(memory?.contains("MiB of memory") == true)

        // In the table with the probes, in JSON and in files.
        #expect(report.markdown.contains("| model | classifier | tested | folds | top-1 |"))
        #expect(report.markdown.contains("| model | linear probe, μ_V | 12 | 2 |"))
        #expect(report.markdown.contains("| model | fine-tuned, 40 epochs | 12 | 2 |"))
        let json = try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any]
        let entry = (json?["fine_tune"] as? [[String: Any]])?.first
        #expect(entry?["accuracy"] as? Double == result.accuracy)
        #expect((entry?["epoch_losses"] as? [Double])?.count == 40)
        let files = try report.write(to: "\(motions.folder.path)/out")
        #expect(files.contains("fine-tune.csv") && files.contains("fine-tune.svg"))
    }

    @Test func theSeedDecides() throws {
        var request = request()
        request.fineTune?.epochs = 3
        let first = try Evaluation.run(motions.videos, request).fineTunes
        #expect(try Evaluation.run(motions.videos, request).fineTunes == first)
        // From the store of features, and beside an equal model: the same, and learned once.
        let work = try TemporaryFolder()
        request.workFolder = work.path
        let twin = "\(work.path)/twin"
        try FileManager.default.copyItem(atPath: motions.model, toPath: twin)
        request.models.append(twin)
        let steps = Mutex(0)
        for _ in 0..<2 {
            let found = try Evaluation.run(
                motions.videos, request,
                hooks: EvaluationHooks(fineTuning: { _ in steps.withLock { $0 += 1 } })
            ).fineTunes
            #expect(found.map(\.model) == ["model", "twin"])
            #expect(found.map(\.losses) == [first[0].losses, first[0].losses])
            #expect(found.map(\.accuracy) == [first[0].accuracy, first[0].accuracy])
        }
        #expect(steps.withLock { $0 } == 2 * (first[0].steps + 12))
        request.seed = 2
        #expect(try Evaluation.run(motions.videos, request).fineTunes[0].losses != first[0].losses)
    }

    @Test func randomWeightsAreTrainedBesideTheModel() throws {
        var request = request()
        request.measuresBaselines = true
        // Another seed than the model's: batch statistics take the place of the norms, in which alone they would differ.
        request.randomSeed = 2
        request.fineTune?.epochs = 1
        let report = try Evaluation.run(motions.videos, request)
        #expect(report.fineTunes.map(\.model) == ["model", "random weights"])
        #expect(report.fineTunes[0].losses != report.fineTunes[1].losses)
    }

    @Test func anInterruptEndsItAndLeavesNoClips() throws {
        let work = try TemporaryFolder()
        let before = try state()
        var request = request()
        request.workFolder = work.path
        let steps = Mutex(0)
        let hooks = EvaluationHooks(
            fineTuning: { _ in steps.withLock { $0 += 1 } }, isCancelled: { steps.withLock { $0 >= 5 } })
        let error = failure { () throws(EvaluationError) in
            _ = try Evaluation.run(motions.videos, request, hooks: hooks)
        }
        #expect(error == .cancelled)
        #expect(steps.withLock { $0 } == 5)
        let left = try FileManager.default.contentsOfDirectory(atPath: work.path)
        #expect(left.count == 1 && left[0].hasSuffix(".features"))
        #expect(try state() == before)
    }

    @Test func aRateThatBreaksTheNetworkIsNamed() throws {
        var request = request()
        request.fineTune?.learningRate = 1e30
        let error = failure { () throws(EvaluationError) in
            _ = try Evaluation.run(motions.videos, request)
        }
        #expect(error?.message.hasPrefix("the fine-tuning of model ") == true, "\(String(describing: error))")
        #expect(error?.hint == "give a smaller --fine-tune-learning-rate")
    }

    @Test func clipsAreThoseOfTheFeatures() throws {
        let video = motions.videos.videos[3]
        let plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1)
        let clips = UniformClips(count: 10, plan: plan, geometry: FrameGeometry(width: 32, height: 32))
        var frames: [[UInt8]] = []
        let count = try clips.read(path: video.path) {
            frames.append($0.frames)
            return true
        }
        #expect(count > 1)
        let folder = try TemporaryFolder()
        let shelf = try ClipShelf(
            motions.videos.videos, wanted: [0, 3, 7], clips: clips, folder: folder.path, workers: 2)
        #expect(shelf.clipCounts[3] == count && shelf.clipCounts[1] == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        var bytes = [UInt8](repeating: 0, count: shelf.clipBytes)
        for (number, clip) in frames.enumerated() {
            try bytes.withUnsafeMutableBufferPointer { (buffer) throws(EvaluationError) in
                try shelf.read(video: 3, clip: number, into: buffer)
            }
            #expect(bytes == clip)
        }
        let none = failure { () throws(EvaluationError) in
            _ = try ClipShelf(
                motions.videos.videos, wanted: [0], clips: clips, folder: "\(folder.path)/none", workers: 1)
        }
        #expect(none?.message.contains("\(folder.path)/none: no file can be made there") == true)
        let missing = LabelledVideo(path: "\(folder.path)/gone.mp4", name: "gone", label: "a")
        let gone = failure { () throws(EvaluationError) in
            _ = try ClipShelf([missing], wanted: [0], clips: clips, folder: folder.path, workers: 1)
        }
        #expect(gone?.message.hasPrefix("\(folder.path)/gone.mp4") == true)
    }
}
