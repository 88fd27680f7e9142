import Base
import Glibc
import HTTPTypes
import Hummingbird

/// Reads bodies within limits of size and time.
struct Bodies: Sendable {
    var limits: HTTPLimits
    var temporaryFolder: String
    var lanes: Lanes
    var metrics: Metrics

    /// A JSON object.
    ///
    /// - Throws: 415 for another media type, which a form of a foreign page would have; 413, 408 or 400.
    func object(_ request: Request) async throws -> JSONValue {
        guard mediaType(request.headers) == "application/json" else {
            throw Refusal(415, "media_type", "the body must be application/json")
        }
        try check(request.headers, limits.bodyBytes, hint: nil)
        let deadline = ContinuousClock.now + .seconds(limits.receivingSeconds)
        var bytes: [UInt8] = []
        try await read(request.body) { part in
            guard bytes.count + part.readableBytes <= limits.bodyBytes else {
                throw Self.tooLarge(limits.bodyBytes, hint: nil)
            }
            guard .now < deadline else { throw Self.tooSlow }
            bytes += part.readableBytesView
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw Refusal(400, "not_json", "not JSON: \(error.message), at byte \(error.offset)")
        }
        guard case .object = value else {
            throw Refusal(400, "not_json", "expected an object, got \(value.kind)")
        }
        return value
    }

    /// An object's members; other ones than these are refused by name.
    static func members(of body: JSONValue, only known: [String]) throws(Refusal) -> [JSONValue.Member] {
        guard case .object(let members) = body else { throw Refusal(400, "not_json", "expected an object") }
        try refuseUnknown(members.map(\.key), known)
        return members
    }

    /// Refuses the first parameter of another name.
    static func refuseUnknown(_ names: [String], _ known: [String]) throws(Refusal) {
        guard let unknown = names.first(where: { !known.contains($0) }) else { return }
        let list = known.isEmpty ? "this path takes none" : "there are \(known.joined(separator: ", "))"
        throw Refusal(
            400, "invalid_parameter", "unknown parameter \"\(unknown)\"; \(list)", parameter: unknown)
    }

    /// Refuses an upload by its headers, before it takes a place.
    ///
    /// - Throws: 415, 413.
    func checkUpload(_ headers: HTTPFields) throws {
        let type = mediaType(headers) ?? ""
        guard type == "application/octet-stream" || type.hasPrefix("video/") || type.hasPrefix("image/")
        else {
            throw Refusal(
                415, "media_type", "the body must be application/octet-stream, video/… or image/…")
        }
        try check(headers, limits.uploadBytes, hint: Self.waysOut)
    }

    /// A file without a name, which ends with the last reference to it.
    ///
    /// - Parameter headers: that were checked.
    /// - Throws: 413, 408, 400 for an empty body, 503 where the disk is full.
    func upload(_ body: RequestBody, _ headers: HTTPFields) async throws -> OpenFile {
        let descriptor = try makeFile()
        var isTaken = false
        defer { if !isTaken { close(descriptor) } }
        let deadline = ContinuousClock.now + .seconds(limits.receivingSeconds)
        var total = 0
        var pending: [UInt8] = []
        try await read(body) { part in
            total += part.readableBytes
            guard total <= limits.uploadBytes else {
                throw Self.tooLarge(limits.uploadBytes, hint: Self.waysOut)
            }
            guard .now < deadline else { throw Self.tooSlow }
            metrics.received(bytes: part.readableBytes)
            pending += part.readableBytesView
            if pending.count >= 1 << 20 {
                try await write(pending, descriptor)
                pending.removeAll(keepingCapacity: true)
            }
        }
        try await write(pending, descriptor)
        if let text = headers[.contentLength], Int(text) != total {
            throw Refusal(400, "incomplete", "the body ended early")
        }
        guard total > 0 else { throw Refusal(400, "empty_file", "the body is empty; it should be the video") }
        isTaken = true
        guard let file = OpenFile(taking: descriptor) else {
            throw Refusal(503, "disk_failed", "the upload cannot be kept")
        }
        return file
    }

    /// Hands a body over, a part at a time.
    ///
    /// - Throws: 400 where its chunks are none, or its end never came.
    private func read(_ body: RequestBody, _ take: (ByteBuffer) async throws -> Void) async throws {
        var parts = body.makeAsyncIterator()
        while true {
            let part: ByteBuffer?
            do {
                part = try await parts.next()
            } catch {
                if Task.isCancelled { throw error }
                throw Refusal(400, "bad_body", "the body does not match its headers, or ended early")
            }
            guard let part else { return }
            try await take(part)
        }
    }

    private func mediaType(_ headers: HTTPFields) -> String? {
        headers[.contentType].map { $0.prefix { $0 != ";" }.filter { $0 != " " }.lowercased() }
    }

    private func check(_ headers: HTTPFields, _ limit: Int, hint: String?) throws {
        if let text = headers[.contentLength], Int(text) ?? .max > limit {
            throw Self.tooLarge(limit, hint: hint)
        }
    }

    private func write(_ bytes: [UInt8], _ descriptor: Int32) async throws {
        try await lanes.run(.file) {
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
                }
                if count > 0 {
                    done += count
                } else if errno != EINTR {
                    throw Refusal(503, "disk_full", "the upload cannot be kept: the disk is full")
                }
            }
        }
    }

    private func makeFile() throws -> Int32 {
        var name = Array((temporaryFolder + "/mixtape-upload-XXXXXX").utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw Refusal(503, "disk_failed", "the upload cannot be kept") }
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func tooLarge(_ limit: Int, hint: String?) -> Refusal {
        let size = limit >= 1 << 20 ? "\(limit >> 20) MB" : "\(limit) bytes"
        return Refusal(413, "too_large", "the body is larger than \(size)", hint: hint)
    }

    private static let waysOut =
        "upload a part of the video, or index it and choose it there; mixtape serve --max-upload MB takes larger ones"

    private static let tooSlow = Refusal(408, "too_slow", "the body took too long to arrive")
}
