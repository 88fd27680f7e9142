import Foundation
import Testing
import TestSupport

/// Trainings of a tiny network on a few of the material's videos.
@Suite struct TrainCommandTests {
    let material: Material
    let folder: TemporaryFolder
    var videos: String { folder.path + "/videos" }
    var out: String { folder.path + "/model" }

    init() throws {
        material = try Material.shared.get()
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: videos, withIntermediateDirectories: true)
        for number in 0..<5 { try copy(number) }
    }

    private func copy(_ number: Int) throws {
        try FileManager.default.copyItem(
            atPath: material.video(number), toPath: videos + "/video\(number).mp4")
    }

    private func arguments(_ more: [String], out: String? = nil) -> [String] {
        [
            "train", videos, "--out", out ?? self.out, "--cache", folder.path + "/cache", "--size", "32",
            "--videos", "3", "--clips", "1", "--threads", "1", "--precision", "float32",
        ] + more
    }

    private let tiny = ["--width", "4", "--dimension", "8"]

    private func train(_ more: [String], out: String? = nil) throws -> Running.Outcome {
        try Running.run(arguments(more, out: out))
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: out + "/" + name) }

    @Test func aTrainingWritesAModelThatTheOtherCommandsRead() throws {
        let outcome = try train(tiny + ["--steps", "3", "--log-every", "1", "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let result = try outcome.json()
        #expect(result["steps"] as? Int == 3)
        #expect(result["videos"] as? Int == 5)
        #expect(result["clips_per_step"] as? Int == 6)
        #expect((result["loss"] as? Double)?.isFinite == true)
        #expect(outcome.errors.contains("MiB of memory"))
        #expect(outcome.errors.contains("the decoded clips are kept in \(folder.path)/cache: "))
        #expect(outcome.errors.contains("(unweighted: soft "))
        #expect(outcome.errors.contains("step 2/3, loss "))
        #expect(outcome.errors.contains("clips/s"))
        for name in ["README.md", "curves.svg", "log.jsonl", "training.json", "checkpoint.safetensors"] {
            #expect(exists(name), "\(name)")
        }
        let config = try JSONSerialization.jsonObject(with: bytes(out + "/config.json")) as? [String: Any]
        #expect((config?["training"] as? [String: Any])?["steps"] as? Int == 3)
        // Clips of 32 pixels in training; the model keeps its 112.
        #expect((config?["input"] as? [String: Any])?["width"] as? Int == 112)
        let options = ["--model", out, "--index", folder.path + "/index"]
        let index = try Running.run(["index", videos, "--json"] + options)
        #expect(index.status == 0, "\(index.errors)")
        #expect(try index.json()["indexed"] as? Int == 5)
    }

    @Test func anInterruptedRunEndsAsAStraightOne() throws {
        let steps = tiny + ["--steps", "100", "--log-every", "1", "--average", "0.9"]
        let straight = folder.path + "/straight"
        #expect(try train(steps, out: straight).status == 0)
        let run = try Running(arguments(steps))
        let log = out + "/log.jsonl"
        #expect(eventually { !run.process.isRunning || (try? bytes(log).isEmpty) == false })
        run.send(SIGINT)
        let outcome = try run.outcome()
        #expect(outcome.status == 130, "\(outcome.errors)")
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("hint: mixtape train --resume \(out) continues"))
        #expect(exists("checkpoint.safetensors") && !exists("config.json"))
        let again = try train(steps)
        #expect(again.status == 1)
        #expect(again.errors.contains("hint: mixtape train --resume \(out) continues that run"))
        // Nothing else needs to be said again, from whatever folder.
        let resumed = try Running.run(["train", "--resume", out, "--threads", "1"], directory: "/")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errors.contains("resumed at step "))
        for name in ["model.safetensors", "checkpoint.safetensors"] {
            #expect(try bytes(out + "/" + name) == bytes(straight + "/" + name), "\(name)")
        }
        #expect(
            try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count == 100
        )
    }

    @Test func aFrozenBackboneStaysAsItWas() throws {
        let outcome = try train(["--from", material.model, "--freeze", "backbone", "--steps", "3"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        // Weights of an untrained model are float16 on disk, those of trained ones float32: two trained ones are
        // compared.
        let new = try tensors(out)
        #expect(try Set(tensors(material.model).keys) == Set(new.keys))
        let second = folder.path + "/second"
        #expect(try train(["--from", out, "--freeze", "backbone", "--steps", "3"], out: second).status == 0)
        let again = try tensors(second)
        for (name, value) in new.sorted(by: { $0.key < $1.key }) where name.hasPrefix("backbone.") {
            #expect(again[name] == value, "\(name)")
        }
        #expect(again["head.mean.weight"] != new["head.mean.weight"])
    }

    /// Each tensor's bytes, by name.
    private func tensors(_ model: String) throws -> [String: Data] {
        let file = try bytes(model + "/model.safetensors")
        let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: file[8..<(8 + length)]) as? [String: Any] ?? [:]
        return header.compactMapValues { entry in
            guard let range = (entry as? [String: Any])?["data_offsets"] as? [Int] else { return nil }
            return file[(8 + length + range[0])..<(8 + length + range[1])]
        }
    }

    @Test func unreadableFilesAreSkippedWithTheirReasons() throws {
        try Data("no video".utf8).write(to: URL(fileURLWithPath: videos + "/broken.mp4"))
        try Data().write(to: URL(fileURLWithPath: videos + "/empty.mp4"))
        try FileManager.default.copyItem(atPath: material.video(0), toPath: videos + "/copy.mp4")
        let outcome = try train(tiny + ["--steps", "1", "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try outcome.json()["videos"] as? Int == 5)
        #expect(try outcome.json()["skipped"] as? Int == 3)
        #expect(outcome.errors.contains("warning: \(videos)/broken.mp4: "))
        #expect(outcome.errors.contains("warning: \(videos)/empty.mp4: the file is empty"))
        #expect(outcome.errors.contains(": the same content as "))
    }

    @Test func picturesAreTrainedOnToo() throws {
        let stills = folder.path + "/stills"
        try FileManager.default.createDirectory(atPath: stills, withIntermediateDirectories: true)
        for (name, source) in [("a.png", "testsrc=s=200x100"), ("b.jpg", "smptebars=s=120x160")] {
            try FFmpeg.run(["-f", "lavfi", "-i", source, "-frames:v", "1", stills + "/" + name])
        }
        try Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]).write(
            to: URL(fileURLWithPath: stills + "/cut.png"))
        try Data("text".utf8).write(to: URL(fileURLWithPath: stills + "/text.jpg"))
        let outcome = try train(tiny + ["--stills", stills, "--steps", "1", "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try outcome.json()["videos"] as? Int == 7)
        #expect(outcome.errors.contains("cut.png: the picture is damaged or cut off"))
        #expect(outcome.errors.contains("text.jpg: neither a JPEG nor a PNG picture"))
    }

    @Test func whatIsListedOrHeldOutStaysOut() throws {
        let list = folder.path + "/list"
        try "# not these\nvideo0.mp4\nvideos/video3.mp4\n".write(
            toFile: list, atomically: true, encoding: .utf8)
        let listed = try train(tiny + ["--steps", "1", "--json", "--exclude-file", list])
        #expect(try listed.json()["videos"] as? Int == 3)
        #expect(try listed.json()["left_out"] as? Int == 2)
        // FNV-1a by its definition.
        let held = (0..<5).filter { number in
            let hash = "video\(number).mp4".utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
                ($0 ^ UInt64($1)) &* 1_099_511_628_211
            }
            return hash % 3 == 0
        }
        try #require((1...3).contains(held.count))
        let outcome = try train(
            tiny + ["--steps", "1", "--json", "--hold-out", "3"], out: folder.path + "/held")
        #expect(try outcome.json()["left_out"] as? Int == held.count)
        #expect(try outcome.json()["videos"] as? Int == 5 - held.count)
    }

    @Test func tooLittleToTrainOnIsSaid() throws {
        for number in 1..<5 { try FileManager.default.removeItem(atPath: videos + "/video\(number).mp4") }
        let one = try train(tiny + ["--steps", "1"])
        #expect(one.status == 1 && one.errors.contains("only one video"))
        try FileManager.default.removeItem(atPath: videos + "/video0.mp4")
        let none = try train(tiny + ["--steps", "1"])
        #expect(none.status == 1 && none.errors.contains("\(videos): no videos found"))
        #expect(none.errors.contains("hint: "))
        try FileManager.default.removeItem(atPath: videos)
        let missing = try train(tiny + ["--steps", "1"])
        #expect(missing.status == 1 && missing.errors.contains("cannot be opened as a folder"))
        #expect(missing.errors.contains("hint: name an existing, readable folder"))
        #expect(!missing.errors.contains("disk"))
        #expect(!exists("checkpoint.safetensors"))
    }

    @Test func anotherModelIsNeverWrittenOver() throws {
        let before = try bytes(material.model + "/model.safetensors")
        let outcome = try train(tiny + ["--steps", "1"], out: material.model)
        #expect(outcome.status == 1 && outcome.errors.contains("holds a model already"))
        #expect(try bytes(material.model + "/model.safetensors") == before)
        let nothing = try train(tiny + ["--steps", "1", "--resume"])
        #expect(nothing.status == 1 && nothing.errors.contains("holds no checkpoint to resume"))
    }

    @Test func aCheckpointOfAnotherNetworkIsRefused() throws {
        #expect(try train(tiny + ["--steps", "1"]).status == 0)
        let before = try bytes(out + "/checkpoint.safetensors")
        let wider = try train(["--width", "8", "--dimension", "8", "--steps", "1", "--resume"])
        #expect(wider.status == 1)
        #expect(wider.errors.contains("architecture: not that of the checkpoint"), "\(wider.errors)")
        let faster = try train(tiny + ["--steps", "1", "--learning-rate", "0.5", "--resume"])
        #expect(faster.status == 1)
        #expect(
            faster.errors.contains("optimizer.learning_rate: 0.001 in the checkpoint, 0.5 now")
                && faster.errors.contains("hint: leave these options out"), "\(faster.errors)")
        // What cannot be is said before anything takes long.
        #expect(!faster.errors.contains("norms") && !faster.errors.contains("MiB of memory"))
        for errors in [wider.errors, faster.errors] {
            #expect(errors.split(separator: "\n").allSatisfy { $0.count < 400 }, "\(errors)")
        }
        #expect(try bytes(out + "/checkpoint.safetensors") == before)
    }

    @Test func aRunIsMadeLonger() throws {
        try FileManager.default.createDirectory(
            atPath: folder.path + "/more", withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: material.video(9), toPath: folder.path + "/more/video9.mp4")
        let list = folder.path + "/list"
        try "video0.mp4\n".write(toFile: list, atomically: true, encoding: .utf8)
        let first = try Running.run(
            arguments(tiny + ["--steps", "2", "--json", "--exclude-file", "list", "more"]),
            directory: folder.path)
        #expect(first.status == 0, "\(first.errors)")
        #expect(try first.json()["videos"] as? Int == 5)
        let longer = try Running.run(["train", "--resume", out, "--steps", "5", "--json"], directory: "/")
        #expect(longer.status == 0, "\(longer.errors)")
        #expect(longer.errors.contains("resumed at step 2 of 5"))
        // Both folders, less what the list leaves out; a batch of three videos, each in two views of one clip.
        let result = try longer.json()
        #expect(result["steps"] as? Int == 5 && result["videos"] as? Int == 5)
        #expect(result["left_out"] as? Int == 1 && result["clips_per_step"] as? Int == 6)
        let shorter = try Running.run(["train", "--resume", out, "--steps", "3"])
        #expect(shorter.status == 1)
        #expect(
            shorter.errors.contains("steps: must be at least the 5 that the checkpoint has made, is 3"),
            "\(shorter.errors)")
        // What a run is made of is no choice for another.
        let other = try train(
            tiny + ["--config", out + "/training.json", "--steps", "5"], out: folder.path + "/other")
        #expect(other.status == 0, "\(other.errors)")
    }

    @Test func whatIsMissingForAContinuationIsSaid() throws {
        let nothing = try Running.run(["train", "--resume", videos])
        #expect(nothing.status == 1 && nothing.errors.contains("hint: "), "\(nothing.errors)")
        let usage = try Running.run(["train", "--resume"])
        #expect(usage.status == 64 && usage.errors.contains("mixtape train --resume DIR"))
        let none = try Running.run(["train", "--out", out])
        #expect(none.status == 64 && none.errors.contains("expected at least one folder"))
    }

    @Test func aFullDiskIsSaidAndLeavesNoHalfCheckpoint() throws {
        // With room for all, so that the clips are decoded and the checkpoint's size is known.
        let steps = tiny + ["--steps", "2"]
        #expect(try train(steps, out: folder.path + "/first").status == 0)
        let size = try bytes(folder.path + "/first/checkpoint.safetensors").count
        // A file may grow to half a checkpoint; the signal that says so is ignored, so that writing fails instead.
        let limit = "trap '' XFSZ; ulimit -f \(max(1, size / 2048)); exec \"$@\""
        let full = try Running(
            ["-c", limit, "bash", BuiltProgram.path] + arguments(steps, out: folder.path + "/full"),
            program: "/bin/bash"
        ).outcome()
        #expect(full.status == 1)
        #expect(full.errors.contains("checkpoint.safetensors: cannot write: "), "\(full.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/full")
        #expect(!left.contains { $0.hasPrefix("checkpoint") || $0 == "config.json" }, "\(left)")
    }

    @Test(arguments: [
        (["--width", "0"], "--width"), (["--from", "x", "--width", "8"], "--from"),
        (["--tau", "1", "--no-mining"], "--tau"), (["--hold-out", "1"], "--hold-out"),
        (["--size", "4"], "--size"), (["--optimizer", "adam"], "--optimizer"),
    ])
    func aWrongOptionIsNamed(options: [String], name: String) throws {
        let outcome = try train(options)
        #expect(outcome.status == 64 && outcome.errors.contains(name), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test func choicesComeFromAFileAndOptionsGoBefore() throws {
        let file = folder.path + "/choices.json"
        try #"{"steps": 7, "batch": {"videos": 2}, "optimizer": {"warmup_steps": 1}}"#.write(
            toFile: file, atomically: true, encoding: .utf8)
        let outcome = try train(tiny + ["--config", file, "--steps", "2", "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try outcome.json()["steps"] as? Int == 2)
        let written = try JSONSerialization.jsonObject(with: bytes(out + "/training.json")) as? [String: Any]
        #expect((written?["optimizer"] as? [String: Any])?["warmup_steps"] as? Int == 1)
        // The option --videos 3 of all these tests goes before the file's 2.
        #expect((written?["batch"] as? [String: Any])?["videos"] as? Int == 3)
        try #"{"stepz": 7}"#.write(toFile: file, atomically: true, encoding: .utf8)
        let wrong = try train(tiny + ["--config", file], out: folder.path + "/wrong")
        #expect(wrong.status == 1 && wrong.errors.contains("stepz: unknown option"))
    }
}
