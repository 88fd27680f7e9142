import Base
import HTTPTypes
import Hummingbird
import Indexing
import Service

extension HTTPService {
    func systemRoutes() -> [Route] {
        var routes = [
            Route(
                method: .get, template: "/api/library",
                operation: Operation(
                    id: "library",
                    summary:
                        "What the index holds, and the service's limits. The model is null if there is no index yet.",
                    parameters: [
                        .query("failures", "Adds the files that could not be indexed.", ["type": "boolean"])
                    ],
                    replies: [.named("library", "The library.")])
            ) { [self] call in
                let parameters = try call.query.json(flags: ["failures"])
                return .json(library(try await info(parameters, call.cancellation)))
            },
            Route(
                method: .get, template: "/health",
                operation: Operation(
                    id: "health", summary: "Whether the service can search.",
                    replies: [.named("health", "It answers.")]),
                isOpen: true
            ) { [self] call in
                let library = handler.library
                let hasIndex = try await lanes.run(.lookup, call.cancellation) {
                    (try? library.index()) != nil
                }
                return .json([
                    "status": hasIndex ? "ok" : "no_index", "version": .string(options.version),
                    "needs_token": .bool(token != nil),
                ])
            },
            Route(
                method: .get, template: "/metrics",
                operation: Operation(
                    id: "metrics", summary: "Counters and times in Prometheus' text format.",
                    replies: [.text("text/plain", "The metrics.")])
            ) { [self] call in
                let library = handler.library
                let info = try await lanes.run(.lookup, call.cancellation) { try? library.info() }
                let text = metrics.text(library: info, jobs: jobs.active)
                return Answer("text/plain; version=0.0.4; charset=utf-8", Array(text.utf8))
            },
        ]
        if let token { routes += sessionRoutes(token) }
        return routes
    }

    private func sessionRoutes(_ token: AccessToken) -> [Route] {
        [
            Route(
                method: .post, template: "/session",
                operation: Operation(
                    id: "beginSession",
                    summary: "Exchanges the token for a cookie, which a page's pictures need.",
                    body: (["application/json"], ["$ref": "#/components/schemas/token"]),
                    replies: [.init(status: 204, description: "The cookie is set.")], errors: [401]),
                isOpen: true
            ) { [self] call in
                let body = try await bodies.object(call.request)
                guard let given = body["token"]?.stringValue else {
                    throw Refusal(parameter: "token", "expected a string")
                }
                guard token.matches(given) else {
                    metrics.refused("token")
                    throw Refusal(401, "token", "this is not the token")
                }
                return Answer(status: 204).with(.setCookie, token.beginSession())
            },
            Route(
                method: .delete, template: "/session",
                operation: Operation(
                    id: "endSession", summary: "Ends the cookie's session.",
                    replies: [.init(status: 204, description: "It has ended.")]),
                isOpen: true
            ) { call in
                return Answer(status: 204).with(.setCookie, token.endSession(of: call.request))
            },
        ]
    }

    /// The protocol's `info`. Where there is no index yet, what one of no videos would have, and no model: the folders that
    /// may be indexed can be asked for all the same.
    private func info(_ parameters: JSONValue, _ cancellation: Cancellation) async throws -> JSONValue {
        do {
            return try await run(.info, parameters, on: .lookup, cancellation)
        } catch let error as RPCError where error.data?["reason"] == "index_not_found" {
            return ["model": .null, "videos": ["ready": 0, "failed": 0, "not_videos": 0], "clips": 0]
        }
    }

    /// `info` without the index's own place, which is nobody's business outside.
    private func library(_ info: JSONValue) -> JSONValue {
        var members: [JSONValue.Member] = ["model", "videos", "clips", "failures"].compactMap { name in
            info[name].map { .init(name, $0) }
        }
        members.append(.init("folders", .array(folders.all().map { .string($0) })))
        members.append(
            .init(
                "limits",
                [
                    "upload_bytes": .number(options.limits.uploadBytes),
                    "video_seconds": .number(options.limits.videoSeconds),
                ]))
        return .object(members)
    }
}
