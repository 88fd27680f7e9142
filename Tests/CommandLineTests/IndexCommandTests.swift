import Foundation
import Testing
import TestSupport

/// Index runs that are interrupted, repeated and met by others.
@Suite struct IndexCommandTests {
    @Test func aSecondRunReadsNothing() throws {
        let index = try TestIndex()
        let first = try index.run("index", index.material.videos, "--json")
        #expect(first.status == 0, "\(first.errors)")
        #expect(try first.json()["indexed"] as? Int == index.material.count)
        #expect(try first.json()["failed"] as? Int == 0)
        let second = try index.run("index", index.material.videos, "--json")
        #expect(try second.json()["unchanged"] as? Int == index.material.count)
        #expect(try second.json()["indexed"] as? Int == 0)
    }

    @Test func aKilledRunLosesNothingThatWasStored() throws {
        let index = try TestIndex()
        var stored = 0
        for moment in [1, 6, 12] {
            let run = try index.startIndexing(until: moment)
            index.goOn(run)
            run.send(SIGKILL)
            #expect(try run.outcome().status == -SIGKILL)
            let ready = try index.ready()
            #expect(ready >= max(moment, stored))
            stored = ready
        }
        #expect(stored < index.material.count, "the kills came too late to show anything")
        let last = try index.run("index", index.material.videos, "--json")
        #expect(last.status == 0, "\(last.errors)")
        #expect(try last.json()["unchanged"] as? Int == stored)
        #expect(try last.json()["indexed"] as? Int == index.material.count - stored)
        // Each video is whole: it is found by itself at no distance.
        for number in [0, 1, 9, 10, 20, 29] {
            let found = try index.run("search", index.material.video(number), "--json", "--limit", "1").json()
            let match = try #require((found["matches"] as? [[String: Any]])?.first)
            #expect(match["path"] as? String == index.material.video(number))
            #expect(match["distance"] as? Double == 0)
        }
    }

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func aSignalEndsTheRunCleanly(signal: Int32, status: Int32) throws {
        let index = try TestIndex()
        let run = try index.startIndexing(until: 3, "--json")
        run.send(signal)
        index.goOn(run)
        let outcome = try run.outcome()
        #expect(outcome.status == status)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("hint: run the same command again to continue"))
        let stored = try index.ready()
        #expect((3..<index.material.count).contains(stored))
        let next = try index.run("index", index.material.videos, "--json")
        #expect(try next.json()["unchanged"] as? Int == stored)
        #expect(try index.ready() == index.material.count)
    }

    @Test func aSecondRunAtTheSameTimeWaitsOrSaysSo() throws {
        let index = try TestIndex()
        // It waits, so that the others surely meet it.
        let first = try index.startIndexing(until: 1)
        let refused = try index.run("index", index.material.videos)
        #expect(refused.status == 1)
        #expect(refused.errors.hasPrefix("error: "))
        #expect(refused.errors.contains("\nhint: "))
        let waiting = try index.startIndexing("--wait", "30", "--json")
        usleep(300_000)
        #expect(waiting.process.isRunning)
        // Readers go on meanwhile.
        #expect(try index.run("search", index.material.video(0), "--json").status == 0)
        index.goOn(first)
        #expect(try first.outcome().status == 0)
        let waited = try waiting.outcome()
        #expect(waited.status == 0, "\(waited.errors)")
        #expect(try waited.json()["unchanged"] as? Int == index.material.count)
    }

    @Test func filesThatCannotBeReadHaveReasonsAndDoNotFailTheRun() throws {
        let index = try TestIndex()
        let folder = index.folder.path + "/mixed"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let whole = try Data(contentsOf: URL(fileURLWithPath: index.material.video(0)))
        let contents: [(String, Data)] = [
            ("good.mp4", whole), ("empty.mp4", Data()), ("text.mp4", Data("no video at all".utf8)),
            ("truncated.mp4", whole.prefix(whole.count / 3)),
        ]
        for (name, data) in contents { try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        let outcome = try index.run("index", folder, "--json")
        #expect(outcome.status == 0)
        #expect(try outcome.json()["failed"] as? Int == 3)
        #expect(outcome.errors.contains("hint: `mixtape info --failures"))
        let info = try index.run("info", "--failures", "--json").json()
        let failures = try #require(info["failures"] as? [[String: Any]])
        #expect(
            failures.map { ($0["path"] as? String)?.split(separator: "/").last } == [
                "empty.mp4", "text.mp4", "truncated.mp4",
            ])
        #expect(failures.first?["reason"] as? String == "empty_file")
        #expect(failures.allSatisfy { !(($0["message"] as? String) ?? "").isEmpty })
        #expect(
            (info["videos"] as? [String: Int]) == [
                "ready": 1, "failed": 3, "not_videos": 1, "damaged": 0, "times_mended": 0,
            ])
    }

    @Test func aFolderThatIsNotThereIsAnError() throws {
        let index = try TestIndex()
        let none = index.folder.path + "/none"
        let outcome = try index.run("index", none)
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("error: \(none): no such file or folder\nhint: "))
        #expect(!FileManager.default.fileExists(atPath: index.folder.path + "/index/videos.sqlite"))
        // Beside one that is there it is told, and the rest is done.
        let both = try index.run("index", none, index.material.videos, "--json")
        #expect(both.status == 1)
        #expect(both.errors.contains("warning: \(none): no such file or folder"))
        #expect(try both.json()["indexed"] as? Int == index.material.count)
    }

    @Test func whatIsLeftOutIsSaid() throws {
        let index = try TestIndex()
        let folder = index.folder.path + "/mixed"
        let whole = try Data(contentsOf: URL(fileURLWithPath: index.material.video(0)))
        for name in ["#recycle", "sub", "sub/trailers"] {
            try FileManager.default.createDirectory(
                atPath: folder + "/" + name, withIntermediateDirectories: true)
        }
        for name in ["clip.insv", "a.jpg", "text.mp4", "#recycle/a.mp4", "sub/trailers/b.mp4", "video"] {
            let data = name == "text.mp4" ? Data("no video at all".utf8) : whole
            try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let outcome = try index.run("index", folder, "--exclude", "trailers")
        #expect(outcome.output.hasPrefix("1 indexed, 1 not a video in "))
        #expect(outcome.errors.contains("2 files without a video's ending (1 without one, 1 .jpg)"))
        #expect(outcome.errors.contains("1 folder (recycle bins and the like: #recycle)"))
        #expect(outcome.errors.contains("1 folder (by a pattern: trailers)"))
        let info = try index.run("info")
        #expect(info.output.contains("videos  1 ready, 0 failed, 1 not videos"))
        #expect(info.output.contains("left out  2 files without"))
        let all = try index.run("index", folder, "--exclude", "trailers", "--all-files", "--json").json()
        #expect(all["copied"] as? Int == 2)
        #expect((all["left_out"] as? [String: Any])?["other_files"] as? Int == 0)
    }

    @Test func aFullDiskIsSaid() throws {
        let index = try TestIndex()
        let disk = index.folder.path + "/disk"
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let mounting = try Running(
            ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", disk], program: "/usr/bin/env"
        ).outcome()
        guard mounting.status == 0 else { return }
        defer { _ = try? Running(["umount", "-l", disk], program: "/usr/bin/env").outcome() }
        let outcome = try Running.run([
            "index", index.material.videos, "--index", disk + "/index", "--model", index.material.model,
        ])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("no space"), "\(outcome.errors)")
        #expect(outcome.errors.contains("hint: "))
    }
}
