import Base
import Distributions
import Foundation
import HTTPService
import Indexing
import Isolation
import Library
import Service
import Synchronization
import Testing
import TestSupport

/// A service on loopback whose index holds videos made by hand, at files that hold no video.
final class TestService: Sendable {
    static let model = IndexModel(
        name: "synthetic", fingerprint: String(repeating: "a1", count: 32), dimension: 4)

    /// Thrown once, to end the service.
    private final class Stop: Sendable {
        private let thrown = Atomic<Bool>(false)
        var isThrown: Bool { thrown.load(ordering: .relaxed) }
        func throwIt() { thrown.store(true, ordering: .relaxed) }
    }

    let folder: TemporaryFolder
    let port: Int
    private let stop = Stop()
    private let running: Task<Void, any Error>

    /// The indexed folder.
    var root: String { folder.path + "/videos" }

    /// Videos `v0.mp4`, `v1.mp4`… on a line, one unit apart, and no model.
    convenience init(
        videos: Int = 3, configure: (inout HTTPOptions) -> Void = { _ in }
    ) async throws {
        let folder = try TemporaryFolder()
        let root = folder.path + "/videos"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let index = try VideoIndex.open(writingTo: folder.path + "/index", model: Self.model)
        try index.addRoots([root])
        for number in 0..<videos { try Self.store(number, root, in: index) }
        index.close()
        try await self.init(folder: folder, modelFolder: folder.path + "/model", configure: configure)
    }

    /// Over the index in a folder.
    init(
        folder: TemporaryFolder, modelFolder: String, configure: (inout HTTPOptions) -> Void
    ) async throws {
        self.folder = folder
        let library = VideoLibrary(
            LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: modelFolder))
        var options = HTTPOptions(
            address: try #require(ListenAddress("127.0.0.1:0")), worker: .at(BuiltProgram.path),
            modelFolder: modelFolder)
        options.logLevel = .critical
        options.limits.shutdownSeconds = 2
        configure(&options)
        let server = HTTPServer(handler: RequestHandler(library: library), options: options)
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        running = Task { [stop] in
            defer { found.finish() }
            try await server.run(shouldStop: { stop.isThrown }, onListening: { found.yield($0) })
        }
        var iterator = ports.makeAsyncIterator()
        port = try #require(await iterator.next(), "the service did not start")
    }

    deinit { stop.throwIt() }

    /// Ends the service; false where that takes longer.
    func ends(withinSeconds seconds: Double) async -> Bool {
        stop.throwIt()
        let (ends, ended) = AsyncStream.makeStream(of: Bool.self)
        Task { [running] in
            try await running.value
            ended.yield(true)
        }
        Task {
            try await Task.sleep(for: .seconds(seconds))
            ended.yield(false)
        }
        return await ends.first { _ in true } ?? false
    }

    func path(_ number: Int) -> String { "\(root)/v\(number).mp4" }

    private static func store(_ number: Int, _ root: String, in index: VideoIndex) throws {
        let path = "\(root)/v\(number).mp4"
        try String(repeating: "not a video \(number) ", count: 100).write(
            toFile: path, atomically: false, encoding: .utf8)
        var status = stat()
        guard stat(path, &status) == 0 else { throw CocoaError(.fileNoSuchFile) }
        let identity = FileIdentity(
            path: path, fingerprint: String(repeating: "0", count: 63) + "\(number % 10)",
            size: Int64(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
        let clips = (0..<2).map { clip in
            Gaussian(
                mean: [Float(number), Float(clip) * 0.5, 0, 1],
                logVariance: Array(repeating: -2, count: model.dimension))
        }
        _ = try index.store(
            identity,
            facts: StreamFacts(
                container: "mov,mp4", codec: "h264", width: 320, height: 240, duration: Double(4 + number),
                frameRate: 25),
            intervals: [TimeRange(start: 0, stop: 2), TimeRange(start: 2, stop: 4)],
            mixture: GaussianMixture(components: clips))
    }

    // MARK: - Asking

    /// One request on a connection of its own, with the headers that a well-behaved program sends.
    func ask(
        _ method: String, _ target: String, headers: [String] = [], json: JSONValue? = nil
    ) async throws -> Reply {
        var lines =
            ["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"] + headers
        let body = json?.serialized() ?? ""
        if json != nil { lines += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"] }
        return try await raw(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Uploads a file.
    func upload(_ path: String, _ query: String = "") async throws -> Reply {
        try await upload(Array(try Data(contentsOf: URL(fileURLWithPath: path))), query)
    }

    /// Uploads bytes.
    func upload(
        _ bytes: [UInt8], _ query: String = "", type: String = "application/octet-stream"
    ) async throws -> Reply {
        let port = port
        return try await blocking {
            let connection = try Loopback(port: port)
            let head =
                "POST /api/uploads\(query) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                + "Content-Type: \(type)\r\nContent-Length: \(bytes.count)\r\n\r\n"
            connection.send(Array(head.utf8) + bytes)
            return try Reply(connection.readToEnd())
        }
    }

    /// Sends bytes as they are, and reads to the end of the connection.
    func raw(_ text: String) async throws -> Reply {
        let port = port
        return try await blocking {
            let connection = try Loopback(port: port)
            connection.send(Array(text.utf8))
            return try Reply(connection.readToEnd())
        }
    }
}

/// Runs what blocks on a thread of its own: the service under test needs those of Swift's tasks.
func blocking<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}

/// What one thread at a time uses, though the compiler cannot know.
struct UnsafeTransfer<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// An answer, taken apart.
struct Reply: Sendable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue? { try? JSONValue(parsing: body) }
    var reason: String? { json?["error"]?["data"]?["reason"]?.stringValue }

    init(_ bytes: [UInt8]) throws {
        let end = try #require(
            bytes.indices.first { bytes[$0...].starts(with: "\r\n\r\n".utf8) },
            "no answer: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        status = try #require(Int(lines[0].split(separator: " ").dropFirst().first ?? ""))
        headers = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        let rest = Array(bytes[(end + 4)...])
        body = headers["transfer-encoding"] == "chunked" ? Self.unchunked(rest) : rest
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        var result: [UInt8] = []
        while let line = rest.firstIndex(of: 0x0A),
            let count = Int(
                String(decoding: rest[..<line], as: UTF8.self).trimmingCharacters(
                    in: .whitespacesAndNewlines), radix: 16
            ),
            count > 0, rest.count > line - rest.startIndex + count
        {
            result += rest[(line + 1)..<(line + 1 + count)]
            rest = rest[(line + 1 + count + 2)...]
        }
        return result
    }
}

/// A connection to this machine, with calls that block.
final class Loopback {
    /// How long anything is waited for, in seconds: far longer than it takes, since only a hang is to be noticed.
    static let patience = 60.0

    let descriptor: Int32

    init(port: Int) throws {
        signal(SIGPIPE, SIG_IGN)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw CocoaError(.fileReadUnknown) }
    }

    deinit { close(descriptor) }

    /// Says that nothing more will be sent.
    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// False once the other end takes no more.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    /// What comes until the other end closes; one that never does fails the test.
    func readToEnd() -> [UInt8] {
        read { _ in false }
    }

    /// What comes until the other end closes, or it is enough; where neither happens, the test fails.
    func read(until isEnough: ([UInt8]) -> Bool) -> [UInt8] {
        let end = Date().addingTimeInterval(Self.patience)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while Date() < end, !isEnough(bytes) {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 50) > 0 else { continue }
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
        if !isEnough(bytes) { Issue.record("the connection stayed open") }
        return bytes
    }
}

extension WorkerProgram {
    /// A program, or a script in its place, that is started as other commands start workers.
    static func at(_ path: String) -> WorkerProgram {
        WorkerProgram(executable: path, arguments: ["mixtape", "worker"])
    }
}
