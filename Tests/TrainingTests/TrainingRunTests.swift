import Foundation
import Tensors
import Synchronization
import Testing
import TestSupport
import Training
import VideoEncoding

#if canImport(Glibc)
    import Glibc
#endif

/// A small run on made-up videos.
struct SmallRun {
    let scratch: TemporaryFolder
    let videos: [CachedVideo]
    var configuration = TrainingConfiguration()
    var hooks = TrainingHooks()
    var folder: String

    init(videos count: Int = 8) throws {
        scratch = try TemporaryFolder()
        videos = try scratch.cached((0..<count).map { 6 + 3 * $0 })
        folder = scratch.path + "/out"
        configuration.steps = 30
        configuration.batch.videos = 6
        configuration.objective.samples = 4
        configuration.optimizer.warmupSteps = 3
        configuration.optimizer.learningRate = 0.02
        configuration.operation.logEvery = 5
        configuration.operation.checkpointEvery = 10
    }

    func make(_ encoder: ColorEncoder) throws -> TrainingRun {
        let plan = try BatchPlan(
            videos: videos, configuration: configuration, frames: encoder.frames, height: encoder.height,
            width: encoder.width, clipInterval: 0.25)
        return try TrainingRun(
            configuration: configuration, plan: plan, encoder: encoder,
            objective: PaperObjective(configuration.objective), folder: folder, hooks: hooks)
    }

    func logLines() throws -> [String] {
        try scratch.text("out/log.jsonl").split(separator: "\n").map(String.init)
    }
}

@Suite struct TrainingRunTests {
    @Test func theLossFallsAndEverythingIsWritten() throws {
        var small = try SmallRun()
        small.configuration.steps = 200
        small.configuration.operation.logEvery = 1
        small.configuration.augmentation.colorJitter = 0
        small.configuration.augmentation.grayscale = 0
        small.configuration.optimizer.averageDecay = 0.9
        small.configuration.operation.keepEvery = 100
        var seen: [TrainingProgress] = []
        var notes: [String] = []
        var order: [String] = []
        let encoder = ColorEncoder()
        small.hooks.progress = { seen.append($0) }
        small.hooks.note = { notes.append($0) }
        let folder = small.folder
        small.hooks.writeModel = { summary, path in
            order.append("\(summary.steps) \(path.dropFirst(folder.count))")
        }
        let summary = try small.make(encoder).run()
        #expect(summary.steps == 200 && !summary.isInterrupted && summary.videos == 8)
        #expect(order == ["100 /steps/step-000100", "200 /steps/step-000200", "200 "])
        #expect(seen.map(\.step) == Array(1...200))
        let early = seen.prefix(10).map(\.loss).reduce(0, +)
        let late = seen.suffix(10).map(\.loss).reduce(0, +)
        #expect(late < 0.6 * early)
        let last = try #require(seen.last)
        #expect(last.terms.map(\.name) == ["soft", "stochastic", "kl", "nce"])
        #expect(last.clipsPerSecond > 0 && last.secondsLeft == 0 && (last.positivesPerAnchor ?? 0) >= 1)
        #expect(last.meanLogVariance > -10 && last.meanLogVariance < 4)
        #expect(notes.contains { $0.contains("24 clips a step") && $0.contains("MiB") })
        let lines = try small.logLines()
        #expect(lines.count == 200 && lines[0].hasPrefix("{\"step\":1,\"loss\":"))
        let svg = try small.scratch.text("out/curves.svg")
        #expect(svg.hasPrefix("<svg") && svg.contains("<polyline"))
        let kept = try TrainingConfiguration(json: small.scratch.text("out/training.json"))
        #expect(kept == small.configuration)
    }

    @Test(arguments: [OptimizerChoice.Kind.sgd, .adamw]) func resumingIsBitForBit(kind: OptimizerChoice.Kind)
        throws
    {
        var small = try SmallRun()
        small.configuration.optimizer.kind = kind
        small.configuration.optimizer.averageDecay = 0.95
        small.configuration.augmentation.copies = 0.2
        let straight = ColorEncoder()
        _ = try small.make(straight).run()
        let expected = try small.scratch.bytes("out/checkpoint.safetensors")
        let loss = { (line: String) in line.prefix { $0 != "g" } }
        let lines = try small.logLines().map(loss)

        // Interrupted at 13, beyond the checkpoint of 10; then another process continues.
        small.folder = small.scratch.path + "/again"
        let asked = Mutex(0)
        small.hooks.isCancelled = {
            asked.withLock { asked in
                asked += 1
                return asked > 13
            }
        }
        let summary = try small.make(ColorEncoder()).run()
        #expect(summary.isInterrupted && summary.steps == 13)
        small.hooks.isCancelled = { false }
        small.configuration.operation.loaderThreads = 3
        let other = ColorEncoder(seed: 99)
        let run = try small.make(other)
        try run.resume()
        _ = try run.run()
        #expect(other.bits == straight.bits)
        // All tensors, the optimiser's and the average too; the metadata differs by the loader's threads.
        let tail = { (bytes: [UInt8]) in bytes.suffix(3_000) }
        #expect(try tail(small.scratch.bytes("again/checkpoint.safetensors")) == tail(expected))
        let again = try small.scratch.text("again/log.jsonl").split(separator: "\n").map { loss(String($0)) }
        #expect(again == lines)
    }

    @Test func aRunWithoutItsLastStepsContinuesAtTheLastCheckpoint() throws {
        // Killed, not interrupted: steps 11 to 17 are in the log but not in the checkpoint.
        var small = try SmallRun()
        let straight = ColorEncoder()
        _ = try small.make(straight).run()
        small.folder = small.scratch.path + "/killed"
        struct Kill: Error {}
        small.configuration.operation.keepEvery = 17
        small.hooks.writeModel = { _, _ in throw Kill() }
        #expect(throws: Kill.self) { try small.make(ColorEncoder()).run() }
        small.hooks.writeModel = nil
        let other = ColorEncoder()
        let run = try small.make(other)
        try run.resume()
        _ = try run.run()
        #expect(other.bits == straight.bits)
        let steps = try small.scratch.text("killed/log.jsonl").split(separator: "\n").map { $0.prefix(11) }
        #expect(
            steps == [
                "{\"step\":5,\"", "{\"step\":10,", "{\"step\":15,", "{\"step\":20,", "{\"step\":25,",
                "{\"step\":30,",
            ])
    }

    /// Killed between the last checkpoint and the model: the run that goes on makes no step.
    @Test func aRunResumedAtItsEndSaysWhatTheLastStepGave() throws {
        var small = try SmallRun()
        struct Kill: Error {}
        var before: TrainingProgress?
        small.hooks.writeModel = { summary, _ in
            before = summary.last
            throw Kill()
        }
        #expect(throws: Kill.self) { try small.make(ColorEncoder()).run() }
        small.hooks.writeModel = nil
        let run = try small.make(ColorEncoder())
        try run.resume()
        var after = try #require(try run.run().last)
        after.secondsLeft = try #require(before?.secondsLeft)
        #expect(after == before)
    }

    @Test func anotherRunsCheckpointIsRefusedByName() throws {
        var small = try SmallRun()
        _ = try small.make(ColorEncoder()).run()
        let path = TrainingRun.checkpointPath(folder: small.folder)
        func differences(_ encoder: ColorEncoder) throws -> [String] {
            let before = encoder.bits
            do {
                try small.make(encoder).resume()
            } catch TrainingError.incompatibleCheckpoint(path, let differences) {
                #expect(encoder.bits == before, "nothing may change before all is checked")
                return differences
            }
            return []
        }
        #expect(
            try differences(ColorEncoder(dimension: 9)) == [
                "architecture: colours-8 in the checkpoint, colours-9 now"
            ])
        small.configuration.optimizer.learningRate = 0.5
        small.configuration.objective.mining = .off
        #expect(
            try differences(ColorEncoder()) == [
                "objective.mining: {\"quantile\":0.01} in the checkpoint, \"off\" now",
                "optimizer.learning_rate: 0.02 in the checkpoint, 0.5 now",
            ])
        small.configuration.optimizer.learningRate = 0.02
        small.configuration.objective.mining = .quantile(0.01)
        small.configuration.operation.logEvery = 1
        #expect(try differences(ColorEncoder()) == [], "how often to log is free")
        let coarse = ColorEncoder()
        coarse.numberFormat = "bfloat16"
        #expect(try differences(coarse) == ["precision: float32 in the checkpoint, bfloat16 now"])
        let renamed = ColorEncoder(dimension: 9)
        renamed.architecture = "colours-8"
        #expect(
            try differences(renamed).contains(
                "tensor parameter.head.mean.bias: [8] in the checkpoint, [9] now"))
    }

    @Test func damagedCheckpointsAreErrors() throws {
        let small = try SmallRun()
        _ = try small.make(ColorEncoder()).run()
        let path = TrainingRun.checkpointPath(folder: small.folder)
        let whole = try small.scratch.bytes("out/checkpoint.safetensors")
        func outcome(_ bytes: [UInt8]) throws -> Bool {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                try small.make(ColorEncoder()).resume()
                return true
            } catch is TrainingError {
                return false
            }
        }
        #expect(try outcome(whole))
        for size in [0, 7, 8, 100, whole.count - 1] + stride(from: 61, to: whole.count, by: 97) {
            #expect(try !outcome(Array(whole[..<size])), "cut off at \(size)")
        }
        for place in stride(from: 0, to: whole.count, by: 61) {
            var bytes = whole
            bytes[place] ^= 16
            #expect(try !outcome(bytes), "byte \(place)")
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: TrainingError.self) { try small.make(ColorEncoder()).resume() }
    }

    @Test func aNumberThatIsNoneStopsTheRunAndKeepsTheCheckpoint() throws {
        let small = try SmallRun()
        let encoder = ColorEncoder()
        encoder.breaksAt = 14
        let path = TrainingRun.checkpointPath(folder: small.folder)
        do {
            _ = try small.make(encoder).run()
            Issue.record("must throw")
        } catch TrainingError.nonFinite(let step, let term, let checkpoint) {
            #expect(step == 15 && term == "the loss term soft" && checkpoint == path)
        }
        let run = try small.make(ColorEncoder())
        try run.resume()
        #expect(try run.run().steps == 30)
    }

    @Test func anEarlierRunsCheckpointIsNotWrittenOver() throws {
        let small = try SmallRun()
        _ = try small.make(ColorEncoder()).run()
        let (kept, log) = try (small.scratch.bytes("out/checkpoint.safetensors"), small.logLines())
        let path = TrainingRun.checkpointPath(folder: small.folder)
        #expect(throws: TrainingError.checkpointExists(path: path)) { try small.make(ColorEncoder()).run() }
        #expect(try small.scratch.bytes("out/checkpoint.safetensors") == kept && small.logLines() == log)
        // Resuming a finished run changes nothing either.
        let run = try small.make(ColorEncoder())
        try run.resume()
        #expect(try run.run().steps == 30)
        #expect(try small.scratch.bytes("out/checkpoint.safetensors") == kept && small.logLines() == log)
    }

    @Test func theFrozenBackboneStays() throws {
        var small = try SmallRun()
        small.configuration.freeze = .backbone
        let (encoder, fresh) = (ColorEncoder(), ColorEncoder())
        _ = try small.make(encoder).run()
        #expect(
            encoder.bits.prefix(12) == fresh.bits.prefix(12)
                && encoder.bits.suffix(12) == fresh.bits.suffix(12))
        #expect(encoder.bits[12..<20] != fresh.bits[12..<20])
    }

    @Test func smallFoldersAreNoted() throws {
        var small = try SmallRun(videos: 2)
        var notes: [String] = []
        small.hooks.note = { notes.append($0) }
        small.configuration.steps = 4
        #expect(try small.make(ColorEncoder()).run().layout.videos == 2)
        #expect(notes.contains("the batch has 2 videos instead of 6: there are no more"))
    }

    @Test func aBatchTooLargeForTheMachineIsRefusedBeforeItIsAllocated() throws {
        var small = try SmallRun()
        let run = try small.make(ColorEncoder())
        // The loss's matrices of all pairs are part of it: 12 mixtures of 8 samples, 24 clips.
        #expect(run.memoryBytes > 8 * (96 * 96 + 24 * 24))
        small.hooks.availableMemory = { run.memoryBytes - 1 }
        #expect {
            try small.make(ColorEncoder()).run()
        } throws: { error in
            error as? TrainingError
                == .memory(neededBytes: run.memoryBytes, availableBytes: run.memoryBytes - 1)
                && "\(error)".contains("MiB")
        }
        #expect(!FileManager.default.fileExists(atPath: TrainingRun.checkpointPath(folder: small.folder)))
        small.hooks.availableMemory = { run.memoryBytes }
        #expect(try small.make(ColorEncoder()).run().steps == small.configuration.steps)
    }

    @Test func theModelFolderHoldsTheAveragedWeightsAndTheChoices() throws {
        var small = try SmallRun()
        small.configuration.optimizer.averageDecay = 0.9
        let encoder = ColorEncoder()
        let preset = try #require(ModelPreset(name: "r3d_18"))
        let folder = small.folder
        var written: [UInt32] = []
        small.hooks.writeModel = { summary, folder in
            written = encoder.bits
            try TrainedModel.write(
                encoder: encoder, model: preset.configuration(), summary: summary, to: folder)
        }
        _ = try small.make(encoder).run()
        #expect(written != encoder.bits, "the average stands in only while the model is written")
        let file = try SafetensorsFile(path: folder + "/model.safetensors")
        let names = encoder.parameters.map(\.name) + encoder.buffers.map(\.name)
        #expect(file.entries.map(\.name) == names.sorted())
        #expect(try names.flatMap { try file.tensor(named: $0).values.map(\.bitPattern) } == written)
        let read = try ModelConfiguration(path: folder + "/config.json")
        #expect(read.dimension == 256 && read.inputExtent == preset.configuration().inputExtent)
        let text = try small.scratch.text("out/config.json")
        #expect(text.contains("\"learning_rate\": 0.02") && text.contains("\"steps\": 30"))
        #expect(try small.scratch.text("out/README.md").contains("30 steps of 24 clips"))
    }

    @Test func aFullDiskKeepsTheLastCheckpoint() throws {
        var small = try SmallRun()
        let disk = small.scratch.path + "/disk"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        guard mount("tmpfs", disk, "tmpfs", 0, "size=64k") == 0 else {
            withKnownIssue(
                "no small disk can be mounted here (\(String(cString: strerror(errno))))",
                isIntermittent: true
            ) {
                Issue.record("skipped")
            }
            return
        }
        defer { umount(disk) }
        small.folder = disk + "/out"
        small.configuration.steps = 10
        _ = try small.make(ColorEncoder()).run()
        let path = TrainingRun.checkpointPath(folder: small.folder)
        let kept = try Data(contentsOf: URL(fileURLWithPath: path))
        try Data().write(to: URL(fileURLWithPath: disk + "/filler"))
        let filler = try #require(FileHandle(forWritingAtPath: disk + "/filler"))
        while (try? filler.write(contentsOf: Data(count: 4096))) != nil {}
        #expect(throws: TrainingError.file(path: path, problem: "cannot write: no space left on device")) {
            let run = try small.make(ColorEncoder())
            try run.resume()
            try run.save()
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == kept)
        let left = try FileManager.default.contentsOfDirectory(atPath: small.folder)
        #expect(left.allSatisfy { !$0.hasSuffix(".temporary") })
        try small.make(ColorEncoder()).resume()
    }
}
