import Foundation
import Testing
import TestSupport

/// Programs that are killed while a worker of theirs is busy: it goes with them, whatever it does.
@Suite(.timeLimit(.minutes(2))) struct KilledParentTests {
    private let index: TestIndex
    private let video: String

    /// A video that keeps a worker busy for long enough to be met.
    init() throws {
        index = try CommandTests.indexed.get()
        video = try Self.drawn.get().file("long.mp4")
    }

    private static let drawn = Result {
        let folder = try TemporaryFolder()
        try FFmpeg.draw(
            "testsrc2=s=320x240:r=25", seconds: 60, to: folder.file("long.mp4"),
            ["-c:v", "libx264", "-preset", "ultrafast"])
        return folder
    }

    private func status(_ process: Int32) -> String {
        (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    }

    /// Stops a worker as soon as it has set up all its limits, so that it cannot come to an end by itself.
    private func stopWorker(of run: Running) throws -> Int32 {
        let limited = awaited {
            run.process.isRunning ? run.children.first { status($0).contains("Seccomp:\t2") } : 0
        }
        guard let limited, limited > 0 else { throw RunFailure("no worker was started: \(run.errorsSoFar)") }
        kill(limited, SIGSTOP)
        return limited
    }

    private func expectThatAWorkerEnds(with run: Running) throws {
        let worker = try stopWorker(of: run)
        run.send(SIGKILL)
        #expect(try run.outcome().status == -SIGKILL)
        let isGone = eventually(within: 1) {
            let status = status(worker)
            return status.isEmpty || status.contains("State:\tZ")
        }
        #expect(isGone)
        if !isGone { kill(worker, SIGKILL) }
    }

    @Test func thatOfAnIndexRunEnds() throws {
        let new = try TestIndex()
        try expectThatAWorkerEnds(with: try Running(["index", video] + new.options))
    }

    @Test func thatOfASearchEnds() throws {
        try expectThatAWorkerEnds(with: try Running(["search", video] + index.options))
    }

    @Test func thatOfAnUploadEnds() throws {
        let service = try Running(["serve", "--http", "127.0.0.1:0"] + index.options)
        defer { service.send(SIGKILL) }
        #expect(service.says("listening"))
        let said = service.errorsSoFar.components(separatedBy: "http://127.0.0.1:").last
        let port = try #require(said.flatMap { Int($0.prefix { $0.isNumber }) })
        let body = try Data(contentsOf: URL(fileURLWithPath: video))
        let head =
            "POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: video/mp4\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        let client = try connect(to: port)
        defer { close(client) }
        for bytes in [Data(head.utf8), body] {
            try FileHandle(fileDescriptor: client, closeOnDealloc: false).write(contentsOf: bytes)
        }
        try expectThatAWorkerEnds(with: service)
    }

    private func connect(to port: Int) throws -> Int32 {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafeBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return Glibc.connect(client, pointer, socklen_t(bytes.count))
        }
        guard result == 0 else { throw RunFailure("no connection: error \(errno)") }
        return client
    }
}
