import Foundation
import Testing

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
        #expect(
            try #require(
                try numbers(arguments + ["--threads", "2", "--threads-per-clip", "2"])["seconds"] as? Double)
                > 0)
        let text = try Running.run(["benchmark"] + arguments)
        #expect(text.status == 0 && text.output.contains("clips a second"), "\(text.errors)")
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

    @Test func scanning() throws {
        let found = try numbers(["scan", "--rows", "2000", "--dimension", "32", "--repeats", "1"])
        #expect(found["rows"] as? Int == 2000)
        #expect(try #require(found["share_of_read_bandwidth"] as? Double) > 0)
    }
}
