import Base
import HTTPTypes
import Hummingbird
import Indexing
import Library
import VideoDecoding

extension HTTPService {
    private static let listNumbers: Set = ["limit", "offset", "min_duration", "max_duration"]
    private static let listNames = [
        "limit", "offset", "text", "min_duration", "max_duration", "order", "descending",
    ]

    func videoRoutes() -> [Route] {
        let listing = schema["$defs"]?["videos_request"]?["properties"]?["params"]?["properties"]
        let id = Operation.Parameter.path("id", "The video's number.")
        return [
            Route(
                method: .get, template: "/api/videos",
                operation: Operation(
                    id: "videos", summary: "Lists the videos of the index, one page at a time.",
                    parameters: Self.listNames.map { name in
                        let property = listing?[name]
                        return .query(
                            name, property?["description"]?.stringValue ?? name, property?.withoutNull ?? [:])
                    },
                    refusesOtherParameters: false,
                    replies: [.named("videos_result", "A page of videos.")])
            ) { [self] call in
                let parameters = try call.query.json(numbers: Self.listNumbers, flags: ["descending"])
                return .json(try await run(.videos, parameters, on: .lookup, call.cancellation))
            },
            Route(
                method: .get, template: "/api/videos/{id}",
                operation: Operation(
                    id: "video", summary: "One video's facts.", parameters: [id],
                    replies: [.named("video", "The video.")], errors: [404])
            ) { [self] call in
                return .json(try await video(call).json)
            },
            Route(
                method: .get, template: "/api/videos/{id}/preview",
                operation: Operation(
                    id: "preview", summary: "The video's file, or a range of its bytes.", parameters: [id],
                    replies: [
                        .bytes(MediaType.allCases.map(\.rawValue), "The file."),
                        .bytes(
                            MediaType.allCases.map(\.rawValue), "The range of its bytes.", status: 206),
                        .init(status: 304, description: "The client's copy is current."),
                    ], errors: [404, 416])
            ) { [self] call in
                return try await preview(call)
            },
            Route(
                method: .get, template: "/api/videos/{id}/thumbnail",
                operation: Operation(
                    id: "thumbnail", summary: "A still picture of the video.",
                    parameters: [
                        id,
                        .query("time", "Seconds from the first frame.", ["type": "number", "minimum": 0]),
                        .query(
                            "width", "Largest width in pixels; 320 by default.",
                            [
                                "type": "integer", "minimum": .number(Thumbnail.widths.lowerBound),
                                "maximum": .number(Thumbnail.widths.upperBound),
                            ]),
                    ],
                    replies: [
                        .bytes([Thumbnail.mediaType], "The picture."),
                        .init(status: 304, description: "The client's copy is current."),
                    ], errors: [404, 409, 422])
            ) { [self] call in
                return try await thumbnail(call)
            },
            Route(
                method: .get, template: "/api/videos/{id}/streams",
                operation: Operation(
                    id: "streams", summary: "Names the streams of pictures in the video's file.",
                    parameters: [id], replies: [.named("streams_result", "The streams.")],
                    errors: [404, 409, 422])
            ) { [self] call in
                return try await streams(call)
            },
            Route(
                method: .get, template: "/api/projection",
                operation: Operation(
                    id: "projection",
                    summary:
                        "Lays out the Gaussians of videos in the plane along which their clips spread most.",
                    parameters: [
                        .query(
                            "videos",
                            "Numbers of indexed videos, with commas between; none only beside an upload.",
                            ["type": "string", "pattern": "^[0-9]{1,18}(,[0-9]{1,18}){0,15}$"]),
                        .query("upload", "An upload to put before them, by id.", ["type": "string"]),
                    ],
                    replies: [.named("projection_result", "The clips' Gaussians in the plane.")],
                    errors: [404])
            ) { [self] call in
                return try await projection(call)
            },
        ]
    }

    private func video(_ call: Call) async throws -> IndexedVideo {
        let id = try call.number("id")
        let library = handler.library
        let found = try await lanes.run(.lookup, call.cancellation) { try library.videos(ids: [id]).first }
        guard let found else { throw Refusal(404, "video_not_found", "there is no video \(id) in the index") }
        return found
    }

    private func thumbnail(_ call: Call) async throws -> Answer {
        let asked = try call.query.json(numbers: ["time", "width"])
        let time = asked["time"]?.doubleValue ?? 0
        let width = asked["width"].map { $0.intValue ?? -1 } ?? 320
        guard time >= 0 else {
            throw Refusal(parameter: "time", "expected at least 0")
        }
        guard Thumbnail.widths.contains(width) else {
            throw Refusal(
                parameter: "width",
                "expected \(Thumbnail.widths.lowerBound) to \(Thumbnail.widths.upperBound)")
        }
        let (video, file) = try await self.file(call)
        let stream = try await lanes.run(.file, call.cancellation) {
            video.identity.isCurrent ? ChosenStream.number(in: video.identity.fingerprint) : nil
        }
        // The tag says nothing of the stream.
        if stream == nil, call.request.headers[.ifNoneMatch] == file.tag {
            return Answer(status: 304).with(.eTag, file.tag)
        }
        let (cancellation, library) = (call.cancellation, handler.library)
        let picture = try await lanes.run(.picture, cancellation) {
            do throws(VideoError) {
                // By the open file itself: whatever its path leads to by now.
                return try library.thumbnail(
                    path: "/proc/self/fd/\(file.descriptor)", at: time,
                    options: .init(
                        width: width, timeLimit: 20, stream: stream,
                        isCancelled: { cancellation.isCancelled }))
            } catch {
                throw LibraryError(.video, reason: error.reason.rawValue, message: error.detail)
            }
        }
        let answer = Answer(Thumbnail.mediaType, picture.bytes).with(.cacheControl, "private, max-age=60")
        return stream == nil ? answer.with(.eTag, file.tag) : answer
    }

    private func streams(_ call: Call) async throws -> Answer {
        let (video, file) = try await self.file(call)
        let (cancellation, files) = (call.cancellation, clientFiles)
        let streams = try await lanes.run(.decoder, cancellation) {
            try files.streams(file, isCancelled: { cancellation.isCancelled })
        }
        let isCurrent = try await lanes.run(.file, cancellation) { video.identity.isCurrent }
        let indexed =
            ChosenStream.number(in: video.identity.fingerprint) ?? streams.first(where: \.isMain)?.number
        return .json(
            FileStreams(path: video.identity.path, streams: streams, indexed: isCurrent ? indexed : nil).json)
    }

    /// The video's file, open.
    private func file(_ call: Call) async throws -> (video: IndexedVideo, file: OpenFile) {
        let video = try await self.video(call)
        let folders = folders
        let path = video.identity.path
        guard let file = try await lanes.run(.file, call.cancellation, { folders.open(path) }) else {
            throw Refusal(404, "not_found", "the video's file is missing", hint: "index its folder again")
        }
        return (video, file)
    }

    private func preview(_ call: Call) async throws -> Answer {
        let (video, file) = try await self.file(call)
        return FileAnswer(
            file: file, type: MediaType(container: video.facts.container, path: video.identity.path).rawValue,
            lanes: lanes
        )
        .answer(to: call.request)
    }

    private func projection(_ call: Call) async throws -> Answer {
        let upload = try call.query.text("upload").map { id in
            guard let upload = uploads.upload(id) else {
                throw Refusal(
                    404, "upload_not_found", "there is no such upload, or it was dropped for newer ones")
            }
            return upload
        }
        let text = call.query.text("videos") ?? ""
        let ids =
            text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map { Int64($0) }
        guard (upload == nil ? 1 : 0)...16 ~= ids.count, ids.allSatisfy({ $0.map { $0 >= 0 } == true }) else {
            throw Refusal(parameter: "videos", "expected at most 16 numbers, separated by commas")
        }
        let request = ProjectionRequest(videos: ids.compactMap { $0 })
        let library = handler.library
        return .json(
            try await lanes.run(.lookup, call.cancellation) {
                try library.projection(request, encoded: upload?.query.video).json
            })
    }
}

extension JSONValue {
    /// A schema without null among its types or values: what a query string has no spelling for.
    var withoutNull: JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(
            members.map { member in
                guard let values = member.value.arrayValue else { return member }
                switch member.key {
                case "type":
                    let types = values.filter { $0 != "null" }
                    return .init("type", types.count == 1 ? types[0] : .array(types))
                case "enum": return .init("enum", .array(values.filter { $0 != .null }))
                default: return member
                }
            })
    }
}
