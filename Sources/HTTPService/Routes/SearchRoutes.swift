import Base
import Glibc
import HTTPTypes
import Hummingbird
import Indexing
import Library
import Service
import VideoDecoding
import VideoEncoding

extension HTTPService {
    /// What a search may be asked beside its query. Whatever names a file is not among it: that is checked here.
    private static let forwarded = SearchParameter.ofRanking.map(\.name)
    /// Which part of an upload is read.
    private static let numbers: Set = ["from", "to", "stream"]

    func searchRoutes() -> [Route] {
        let ends: [JSONValue.Member] = ["from", "to"].map { name in
            .init(
                name,
                schema["$defs"]?["search_request"]?["properties"]?["params"]?["properties"]?[name] ?? [:])
        }
        let query: [JSONValue.Member] = [
            .init(
                "video",
                ["type": "string", "minLength": 1, "description": "A file in an indexed folder, absolute."]),
            .init("id", ["type": "integer", "minimum": 0, "description": "An indexed video's number."]),
            .init("upload", ["type": "string", "minLength": 1, "description": "An upload's id."]),
        ]
        let body = HTTPSchemas.exactlyOne(
            of: ["video", "id", "upload"],
            HTTPSchemas.parameters(.search, of: schema, keeping: Self.forwarded, adding: query + ends))
        return [
            Route(
                method: .post, template: "/api/search",
                operation: Operation(
                    id: "search",
                    summary:
                        "Ranks the index by distance to a file, an indexed video, an upload, or a part of one.",
                    body: (["application/json"], body),
                    replies: [.named("search_result", "The ranking, nearest first.")],
                    errors: [404, 409, 422])
            ) { [self] call in
                return try await search(call, try await bodies.object(call.request))
            },
            Route(
                method: .post, template: "/api/uploads",
                operation: Operation(
                    id: "upload",
                    summary:
                        "Takes a video, a part of one, or a picture to search for. The file is not kept.",
                    parameters: [
                        .query("name", "A name for the upload.", ["type": "string", "maxLength": 255]),
                        .query(
                            "from", "Start of the part to read, in seconds.",
                            ["type": "number", "minimum": 0]),
                        .query("to", "End of the part, in seconds.", ["type": "number", "minimum": 0]),
                        .query(
                            "stream",
                            "The number of the stream to read, among all of the file's, from 0; its main one by default.",
                            [
                                "type": "integer", "minimum": .number(VideoStream.numbers.lowerBound),
                                "maximum": .number(VideoStream.numbers.upperBound),
                            ]),
                    ],
                    body: (["application/octet-stream"], ["type": "string", "format": "binary"]),
                    replies: [.named("upload", "Its id, for searches.", status: 201)], errors: [409, 422])
            ) { [self] call in
                let asked = try call.query.json(numbers: Self.numbers)
                let part = try range(asked)
                let wanted = try stream(asked)
                try bodies.checkUpload(call.request.headers)
                let most = options.limits.share(of: options.limits.uploads, for: call.client)
                guard let place = uploadSlots.take(for: call.client, atMost: most) else {
                    throw Refusal.tooMany("too many uploads at once", seconds: 5)
                }
                defer { withExtendedLifetime(place) {} }
                let file = try await bodies.upload(call.request.body, call.request.headers)
                let stream = try await stream(wanted, of: file, chosen: nil, call.cancellation)
                // What will be asked about it is not known yet.
                var query = try await encode(
                    file, part, stream: stream, comparesParts: true, call.cancellation)
                query.fingerprint = ChosenStream.fingerprint(
                    of: try await fingerprint(of: file, call.cancellation), stream: stream)
                let upload = KeptUploads.Upload(name: call.query.text("name") ?? "upload", query: query)
                let facts = query.video.facts
                return .json(
                    [
                        "id": .string(uploads.keep(upload)), "name": .string(upload.name),
                        "duration": .number(facts.duration), "width": .number(facts.width),
                        "height": .number(facts.height), "clips": .number(query.video.intervals.count),
                    ], status: 201)
            },
        ]
    }

    /// One search: the query is found or encoded first, then ranked.
    private func search(_ call: Call, _ body: JSONValue) async throws -> Answer {
        let members = try Bodies.members(
            of: body, only: ["video", "id", "upload", "from", "to"] + Self.forwarded)
        let range = try self.range(body)
        var parameters = members.filter { Self.forwarded.contains($0.key) }
        // Wrong parameters are told before anything is encoded.
        let request = try SearchRequest(video: "", params: .object(parameters))
        let library = handler.library
        try await lanes.run(.lookup, call.cancellation) { try library.check(request) }
        let (name, query) = try await self.query(body, range, request, call.cancellation)
        parameters.append(.init("video", .string(name)))
        if query != nil {
            for key in ["from", "to"] { parameters.append(.init(key, body[key] ?? .null)) }
        } else {
            // The indexed video itself, which is known by its path.
            parameters.removeAll { $0.key == "stream" }
        }
        // Samples of every video take thousands of times as long as the closed form.
        let kind = request.sampling == .iid ? Lanes.Kind.heavy : .search
        return .json(
            try await run(.search, .object(parameters), on: kind, encoded: query, call.cancellation))
    }

    /// What the query is called, and its mixture where the index does not hold it.
    private func query(
        _ body: JSONValue, _ range: TimeRange?, _ request: SearchRequest, _ cancellation: Cancellation
    ) async throws -> (name: String, query: EncodedQuery?) {
        let given = ["video", "id", "upload"].filter { body[$0] != nil }
        guard given.count == 1 else {
            throw Refusal(
                400, "invalid_parameter", "expected one of video, id and upload",
                parameter: given.dropFirst().first ?? "video")
        }
        if given[0] == "upload" {
            guard let upload = body["upload"]?.stringValue.flatMap(uploads.upload) else {
                throw Refusal(
                    404, "upload_not_found", "there is no such upload, or it was dropped for newer ones",
                    hint: "upload it again")
            }
            guard range == nil else {
                throw Refusal(
                    400, "invalid_parameter", "from, to: choose the part of an upload when you upload it",
                    parameter: "from")
            }
            guard request.stream == nil else {
                throw Refusal(parameter: "stream", "choose the stream of an upload when you upload it")
            }
            return (upload.name, upload.query)
        }
        let library = handler.library
        let video: IndexedVideo?
        let path: String
        if given[0] == "id" {
            guard let id = body["id"]?.intValue, id >= 0 else {
                throw Refusal(parameter: "id", "expected a whole number of at least 0")
            }
            let found = try await lanes.run(.lookup, cancellation) {
                try library.videos(ids: [Int64(id)]).first
            }
            guard let found else {
                throw Refusal(404, "video_not_found", "there is no video \(id) in the index")
            }
            (video, path) = (found, found.identity.path)
        } else {
            guard let name = body["video"]?.stringValue, !name.isEmpty, !name.utf8.contains(0)
            else {
                throw Refusal(parameter: "video", "expected a path")
            }
            video = try await lanes.run(.lookup, cancellation) { try library.video(atPath: name) }
            path = name
        }
        let found = video
        let current = try await lanes.run(.file, cancellation) {
            found?.identity.isCurrent == true ? found : nil
        }
        let chosen = current.flatMap { ChosenStream.number(in: $0.identity.fingerprint) }
        func isIndexed(_ stream: Int?) -> Bool { current != nil && range == nil && stream == chosen }
        if isIndexed(request.stream ?? chosen) { return (path, nil) }
        let folders = folders
        guard let file = try await lanes.run(.file, cancellation, { folders.open(path) }) else {
            throw Refusal(
                404, "not_found", "no such file in the indexed folders",
                hint: "GET /api/library lists the folders; paths are absolute")
        }
        let stream = try await stream(request.stream, of: file, chosen: chosen, cancellation)
        if isIndexed(stream) { return (path, nil) }
        var query = try await encode(
            file, range, stream: stream, comparesParts: request.comparesParts, cancellation)
        if request.sampling == .iid {
            query.fingerprint = ChosenStream.fingerprint(
                of: try await fingerprint(of: file, cancellation), stream: stream)
        }
        return (file.path, query)
    }

    /// The part asked for.
    private func range(_ body: JSONValue) throws -> TimeRange? {
        func seconds(_ name: String) throws -> Double? {
            guard let value = body[name], value != .null else { return nil }
            guard let number = value.doubleValue, number >= 0 else {
                throw Refusal(parameter: name, "expected a number of at least 0")
            }
            return number
        }
        let (from, to) = (try seconds("from"), try seconds("to"))
        guard from != nil || to != nil else { return nil }
        let range = TimeRange(start: from ?? 0, stop: to ?? .infinity)
        guard range.start < range.stop else {
            throw Refusal(parameter: "to", "expected a time after \"from\"")
        }
        return range
    }

    /// The number of the stream asked for.
    private func stream(_ body: JSONValue) throws -> Int? {
        guard let value = body["stream"] else { return nil }
        guard let number = value.intValue, VideoStream.numbers.contains(number) else {
            throw Refusal(
                400, "invalid_parameter", "stream: expected a whole number of \(VideoStream.numbers)",
                parameter: "stream")
        }
        return number
    }

    /// The stream to read of an open file: nil for its main one, by its number too, since that goes by the file alone.
    ///
    /// - Parameter chosen: the one that the index holds of the file; nil where that is the main one, or there is none.
    private func stream(
        _ wanted: Int?, of file: OpenFile, chosen: Int?, _ cancellation: Cancellation
    ) async throws -> Int? {
        guard let wanted, wanted != chosen else { return chosen }
        let files = clientFiles
        let streams = try await lanes.run(.decoder, cancellation) {
            try files.streams(file, isCancelled: { cancellation.isCancelled })
        }
        return wanted == streams.first(where: \.isMain)?.number ? nil : wanted
    }

    /// Has worker processes encode an open file, in the time that one video has.
    private func encode(
        _ file: OpenFile, _ range: TimeRange?, stream: Int? = nil, comparesParts: Bool,
        _ cancellation: Cancellation
    ) async throws -> EncodedQuery {
        let (files, library, metrics) = (clientFiles, handler.library, metrics)
        return try await lanes.run(.decoder, cancellation) {
            // Another model's mixtures cannot be compared with the index's.
            let model = try library.checkModel()
            let start = ContinuousClock.now
            return try EncodedQuery(comparesParts: comparesParts) { (wanted) throws(LibraryError) in
                do throws(LibraryError) {
                    let videos = try files.encode(
                        file, by: model, range, stream: stream, wanted, since: start,
                        isCancelled: { cancellation.isCancelled })
                    metrics.worked("done")
                    return videos
                } catch {
                    metrics.worked(error.reason)
                    throw error
                }
            }
        }
    }

    /// Of an open file's content, by which the samples of the `iid` mode are drawn.
    private func fingerprint(of file: OpenFile, _ cancellation: Cancellation) async throws -> String {
        try await lanes.run(.file, cancellation) {
            do throws(VideoError) {
                return try ContentFingerprint.of(path: "/proc/self/fd/\(file.descriptor)")
            } catch {
                throw LibraryError(.video, reason: error.reason.rawValue, message: error.detail)
            }
        }
    }
}
