import Foundation
import Testing
import TestSupport

/// `mixtape serve --http`, as a process.
@Suite struct HTTPServeTests {
    @Test func aSignalEndsTheServiceAndItsLogIsJSON() throws {
        let index = try CommandTests.indexed.get()
        let service = try Running(["serve", "--http", "127.0.0.1:0"] + index.options)
        #expect(service.says("listening"))
        #expect(service.errorsSoFar.contains(#""url":"http://127.0.0.1:"#))
        service.send(SIGINT)
        let outcome = try service.outcome()
        #expect(outcome.status == 130)
        #expect(outcome.output == "")
        for line in outcome.errors.split(separator: "\n") {
            let record = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(
                record?["level"] is String && record?["message"] is String && record?["time"] is String,
                "\(line)")
        }
    }

    /// On a terminal the log is words, and the first of them where to look.
    @Test func peopleAreToldWhereToLook() throws {
        let index = try CommandTests.indexed.get()
        var (master, slave): (Int32, Int32) = (-1, -1)
        try #require(openpty(&master, &slave, nil, nil, nil) == 0)
        defer { close(master) }
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        let service = Process()
        service.executableURL = URL(fileURLWithPath: BuiltProgram.path)
        service.arguments = ["serve", "--http", "127.0.0.1:0"] + index.options
        service.standardInput = FileHandle.nullDevice
        service.standardOutput = FileHandle.nullDevice
        service.standardError = FileHandle(fileDescriptor: slave, closeOnDealloc: true)
        try service.run()
        defer { if service.isRunning { kill(service.processIdentifier, SIGKILL) } }
        var said = ""
        func wait(for words: String) {
            var buffer = [UInt8](repeating: 0, count: 4096)
            _ = eventually {
                let count = read(master, &buffer, buffer.count)
                if count > 0 { said += String(decoding: buffer[..<count], as: UTF8.self) }
                return said.contains(words)
            }
        }
        wait(for: "ends the service")
        let port = try #require(
            said.components(separatedBy: "Open http://127.0.0.1:").last?.prefix { $0 != "/" })
        let ask =
            "exec 3<>/dev/tcp/127.0.0.1/\(port); printf 'GET /health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n' >&3; read -r line <&3"
        _ = try Running(["-c", ask], program: "/bin/bash").outcome()
        wait(for: " ms")
        kill(service.processIdentifier, SIGINT)
        service.waitUntilExit()
        #expect(said.contains("GET /health 200, ") && !said.contains("{\""), "\(said)")
    }

    /// Of those who can use the same machine.
    @Test func whoeverStartsItIsToldWhoMayUseIt() throws {
        let index = try CommandTests.indexed.get()
        func said(_ options: String...) throws -> String {
            let service = try Running(["serve", "--http", "127.0.0.1:0"] + options + index.options)
            #expect(service.says("listening"))
            usleep(100_000)
            service.send(SIGINT)
            return try service.outcome().errors
        }
        let open = try said()
        #expect(open.contains("no token: every user of this machine can see the videos"))
        let token = index.folder.path + "/token-0"
        try "0123456789abcdef0123\n".write(toFile: token, atomically: false, encoding: .utf8)
        for (mode, isOpen) in [(0o644, true), (0o602, true), (0o640, false), (0o600, false)] {
            chmod(token, mode_t(mode))
            let errors = try said("--token-file", token)
            #expect(
                errors.contains("every user of this machine can read the token: chmod 600") == isOpen,
                "\(errors)")
            #expect(!errors.contains("no token"))
        }
    }

    @Test func whatWouldLetOthersInIsRefused() throws {
        let index = try CommandTests.indexed.get()
        let open = try index.run("serve", "--http", "0.0.0.0:0")
        #expect(open.status == 1)
        #expect(open.errors.contains("error: 0.0.0.0:0: other machines can reach this address"))
        #expect(open.errors.contains("hint: pass --token-file FILE"))
        let token = index.folder.path + "/token"
        try "short\n".write(toFile: token, atomically: false, encoding: .utf8)
        let short = try index.run("serve", "--http", "0.0.0.0:0", "--token-file", token)
        #expect(short.status == 1 && short.errors.contains("shorter than 16"))
        for wrong in [
            ["--http", "example.com:80"], ["--http", "127.0.0.1"], ["--rate", "-1", "--http", "0"],
            ["--max-upload", "0"], ["--connections", "256"], ["--connections", "-1"],
        ] {
            #expect(try Running.run(["serve"] + wrong).status == 64, "\(wrong)")
        }
        let taken = try Running(["serve", "--http", "127.0.0.1:0"] + index.options)
        defer { taken.send(SIGTERM) }
        #expect(taken.says("http://127.0.0.1:"))
        let url = try #require(
            taken.errorsSoFar.components(separatedBy: "http://").last?.prefix { $0 != "/" })
        let second = try index.run("serve", "--http", String(url))
        #expect(second.status == 1 && second.errors.contains("hint: choose another port with --http"))
        #expect(
            second.errors.contains("error: \(url): another program listens at this address already"),
            "\(second.errors)")
    }
}
