import Base
import HTTPTypes
import Hummingbird
import Service

extension HTTPService {
    func duplicateRoutes() -> [Route] {
        let decision = HTTPSchemas.parameters(
            .rejectDuplicates, of: schema, keeping: ["paths"],
            adding: [
                .init(
                    "withdraw",
                    [
                        "type": "boolean",
                        "description": "Forgets the decision instead of remembering it.",
                    ])
            ], required: ["paths"])
        return [
            Route(
                method: .post, template: "/api/duplicates",
                operation: Operation(
                    id: "duplicates", summary: "Finds groups of videos that share footage.",
                    body: (
                        ["application/json"],
                        HTTPSchemas.parameters(
                            .duplicates, of: schema,
                            keeping: ["min_score", "max_distance", "limit", "similar"])
                    ),
                    replies: [.named("duplicates_result", "The groups.")], errors: [409, 422])
            ) { [self] call in
                let parameters = try await bodies.object(call.request)
                // It compares everything with everything: one at a time is enough for anybody.
                guard let place = comparisonSlots.take() else {
                    throw Refusal.tooMany("a search for duplicates is already running", seconds: 10)
                }
                defer { withExtendedLifetime(place) {} }
                return .json(try await run(.duplicates, parameters, on: .heavy, call.cancellation))
            },
            Route(
                method: .get, template: "/api/duplicates/decisions",
                operation: Operation(
                    id: "decisions", summary: "Lists the pairs that were rejected.",
                    replies: [.named("duplicate_decisions_result", "The decisions.")])
            ) { [self] call in
                return .json(try await run(.duplicateDecisions, [:], on: .lookup, call.cancellation))
            },
            Route(
                method: .post, template: "/api/duplicates/decisions",
                operation: Operation(
                    id: "decide",
                    summary:
                        "Remembers, by content, that no two of these videos are duplicates, or forgets it again.",
                    body: (["application/json"], decision),
                    replies: [
                        .json(
                            HTTPSchemas.object(
                                ["changed": ["type": "integer", "minimum": 0]], required: ["changed"]),
                            "How many pairs changed.")
                    ], errors: [404, 422])
            ) { [self] call in
                return try await decide(try await bodies.object(call.request), call.cancellation)
            },
        ]
    }

    private func decide(_ body: JSONValue, _ cancellation: Cancellation) async throws -> Answer {
        var withdraws = false
        if let flag = body["withdraw"] {
            guard let value = flag.boolValue else {
                throw Refusal(parameter: "withdraw", "expected true or false")
            }
            withdraws = value
        }
        guard case .object(let members) = body else { throw Refusal(400, "not_json", "expected an object") }
        let parameters = JSONValue.object(members.filter { $0.key != "withdraw" })
        // By the index's own spelling alone: nothing is looked up on the disk for a client.
        let library = handler.library
        let paths = body["paths"]?.arrayValue?.prefix(1000).compactMap(\.stringValue) ?? []
        let isKnown = try await lanes.run(.lookup, cancellation) {
            try paths.allSatisfy { try library.video(atPath: $0) != nil }
        }
        guard isKnown else { throw Refusal(404, "not_in_index", "the index holds no such video") }
        let result = try await run(
            withdraws ? .restoreDuplicates : .rejectDuplicates, parameters, on: .lookup, cancellation)
        return .json(["changed": result[withdraws ? "restored" : "decided"] ?? 0])
    }
}
