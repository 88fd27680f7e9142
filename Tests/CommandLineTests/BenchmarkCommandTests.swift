import Foundation
import Testing
import TestSupport

/// The benchmarks say what they measured; their numbers are for people, not for tests.
@Suite struct BenchmarkCommandTests {
    private func numbers(_ arguments: [String]) throws -> [String: Any] {
        let outcome = try Running.run(["benchmark"] + arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try outcome.json()
    }

    @Test func encoding() throws {
        let material = try Material.shared.get()
        let arguments = ["encode", "--model", material.model, "--clips", "2", "--repeats", "1"]
        let found = try numbers(arguments)
        let rate = try #require(found["clips_per_second"] as? Double)
        let seconds = try #require(found["seconds"] as? Double)
        #expect(seconds > 0 && abs(rate * seconds - 2) < 1e-6)
        let lone = ["encode", "--model", material.model, "--clips", "1", "--repeats", "1", "--threads", "2"]
        #expect(try #require(try numbers(lone)["seconds"] as? Double) > 0)
        let text = try Running.run(["benchmark"] + arguments)
        #expect(text.status == 0 && text.output.contains("clips per second"), "\(text.errors)")
    }

    @Test func decoding() throws {
        let material = try Material.shared.get()
        let arguments = ["decode", material.video(1), "--repeats", "1"]
        let found = try numbers(arguments)
        // Two seconds at ten frames a second.
        #expect(found["frames"] as? Int == 20)
        #expect(try #require(found["time_ratio"] as? Double) > 0)
        let text = try Running.run(["benchmark"] + arguments)
        #expect(text.status == 0 && text.output.contains("of ffmpeg's"), "\(text.errors)")
        let alone = try numbers(arguments + ["--alone"])
        #expect(try #require(alone["seconds"] as? Double) > 0)
        #expect(alone["time_ratio"] is NSNull)
        let short = try Running.run(["benchmark"] + arguments + ["--alone"])
        #expect(short.status == 0 && !short.output.contains("ffmpeg"), "\(short.errors)")
    }

    @Test func training() throws {
        let material = try Material.shared.get()
        let arguments = ["train", "--model", material.model, "--videos", "2", "--steps", "1"]
        #expect(try #require(try numbers(arguments)["clips_per_second"] as? Double) > 0)
    }

    /// OpenBLAS takes slower kernels on processors newer than itself unless told, and only before it is loaded; a
    /// user's own choice stands. Its own account of what it took.
    @Test func openBLASTakesTheProcessorsKernels() throws {
        let material = try Material.shared.get()
        func core(_ environment: [String: String]) throws -> String? {
            let arguments = [
                "benchmark", "train", "--model", material.model, "--videos", "2", "--steps", "1",
            ]
            let more = environment.merging(["OPENBLAS_VERBOSE": "2"]) { $1 }
            let outcome = try Running(arguments, environment: more).outcome()
            #expect(outcome.status == 0, "\(outcome.errors)")
            let lines = (outcome.output + outcome.errors).split(separator: "\n")
            return lines.first { $0.hasPrefix("Core: ") }.map { String($0.dropFirst(6)) }
        }
        #expect(try core(["OPENBLAS_CORETYPE": "Nehalem"]) == "Nehalem")
        let flags = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let isWide = ["f", "dq", "cd", "bw", "vl"].allSatisfy { flags.contains(" avx512\($0)") }
        if ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil, isWide {
            #expect(try core([:]) == "SkylakeX")
        }
    }

    @Test func scanning() throws {
        let found = try numbers([
            "scan", "--videos", "2000", "--dimension", "32", "--queries", "3", "--rounds", "1",
        ])
        #expect(found["videos"] as? Int == 2000)
        #expect(found["queries"] as? Int == 3)
        for name in ["seconds", "bytes", "read_gb_per_second", "bandwidth_gb_per_second"] {
            #expect(try #require(found[name] as? Double) > 0, "\(name)")
        }
        let text = try Running.run(["benchmark", "scan", "--videos", "2000", "--rounds", "1"])
        #expect(text.status == 0 && text.output.contains("ms a query"), "\(text.errors)")
    }

    /// A made-up index is searched without a file, a model, FFmpeg or OpenBLAS: what a search costs from the start
    /// of the process.
    @Test func searchingAMadeUpIndexLoadsNothingElse() throws {
        let material = try Material.shared.get()
        let folder = try TemporaryFolder()
        let index = folder.path + "/index"
        func make(_ more: String...) throws -> Running.Outcome {
            try Running.run(["benchmark", "make-index", index, "--model", material.model] + more)
        }
        let made = try make("--videos", "50", "--clips", "2", "--seed", "3")
        #expect(made.status == 0, "\(made.errors)")
        #expect(try make("--videos", "5").status == 1)
        let arguments = [
            "search", index + "/synthetic/000007.mp4", "--index", index, "--limit", "2", "--json",
        ]
        let outcome = try Running(arguments, environment: ["LD_DEBUG": "files"]).outcome()
        #expect(outcome.status == 0)
        let matches = try #require(try outcome.json()["matches"] as? [[String: Any]])
        #expect(matches.count == 2 && matches[0]["distance"] as? Double == 0)
        #expect((matches[0]["path"] as? String)?.hasSuffix("/synthetic/000007.mp4") == true)
        // The loader's own account of what it loaded.
        #expect(outcome.errors.contains("libsqlite3"))
        for library in ["libavformat", "libavcodec", "libswscale", "libopenblas"] {
            #expect(!outcome.errors.contains(library), "\(library)")
        }
    }
}
