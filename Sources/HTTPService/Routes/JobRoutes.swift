import Base
import HTTPTypes
import Hummingbird
import Library
import Service

extension HTTPService {
    private static let jobParameters = [
        "prune", "retry_failed", "workers", "time_limit", "exclude", "all_files", "stream",
    ]

    func jobRoutes() -> [Route] {
        let id = Operation.Parameter.path("id", "The job's number.")
        let folders = JSONValue.Member(
            "folders",
            [
                "type": ["array", "null"], "items": ["type": "string", "minLength": 1], "minItems": 1,
                "description":
                    "Indexed folders, or folders and files in them. Default: all indexed folders.",
            ])
        let body = HTTPSchemas.parameters(.index, of: schema, keeping: Self.jobParameters, adding: [folders])
        return [
            Route(
                method: .post, template: "/api/jobs",
                operation: Operation(
                    id: "startJob", summary: "Updates the index from folders.",
                    body: (["application/json"], body),
                    replies: [.named("job", "The job, waiting or running.", status: 202)], errors: [404])
            ) { [self] call in
                return try await start(try await bodies.object(call.request), call.cancellation)
            },
            Route(
                method: .get, template: "/api/jobs",
                operation: Operation(
                    id: "jobs", summary: "The latest jobs, newest first.",
                    replies: [.named("jobs", "The jobs.")])
            ) { [self] call in
                return .json(["jobs": .array(jobs.all().map(\.json))])
            },
            Route(
                method: .get, template: "/api/jobs/{id}",
                operation: Operation(
                    id: "job", summary: "One job.", parameters: [id], replies: [.named("job", "The job.")],
                    errors: [404])
            ) { [self] call in
                guard let job = jobs.job(try jobNumber(call)) else { throw Self.noJob }
                return .json(job.json)
            },
            Route(
                method: .delete, template: "/api/jobs/{id}",
                operation: Operation(
                    id: "cancelJob", summary: "Ends a job; what it has stored stays.", parameters: [id],
                    replies: [.named("job", "The job, which ends soon.")], errors: [404])
            ) { [self] call in
                guard let job = jobs.cancel(try jobNumber(call)) else { throw Self.noJob }
                return .json(job.json)
            },
            Route(
                method: .get, template: "/api/jobs/{id}/events",
                operation: Operation(
                    id: "jobEvents",
                    summary:
                        "A job's states as server-sent events named \"job\", each the whole job as JSON, until it has ended.",
                    parameters: [id],
                    replies: [
                        .init(
                            status: 200, description: "The events.", types: ["text/event-stream"],
                            schema: HTTPSchemas.object(
                                ["event": ["const": "job"], "data": ["type": "string"]],
                                required: ["event", "data"]))
                    ], errors: [404])
            ) { [self] call in
                return try events(call)
            },
        ]
    }

    private static let noJob = Refusal(404, "job_not_found", "there is no such job")

    private func jobNumber(_ call: Call) throws -> Int { Int(try call.number("id")) }

    private func start(_ body: JSONValue, _ cancellation: Cancellation) async throws -> Answer {
        let members = try Bodies.members(of: body, only: ["folders"] + Self.jobParameters)
        let places = folders
        let all = try await lanes.run(.lookup, cancellation) { places.all() }
        var wanted = all
        if let given = body["folders"], given != .null {
            let names = given.arrayValue?.compactMap(\.stringValue) ?? []
            guard !names.isEmpty, names.count == given.arrayValue?.count else {
                throw Refusal(parameter: "folders", "expected an array of one or more paths")
            }
            wanted = try await lanes.run(.file, cancellation) {
                try names.map { name in
                    guard let folder = places.folder(name) else {
                        throw Refusal(
                            404, "not_found", "this folder is not indexed",
                            hint: "mixtape serve --root adds folders",
                            parameter: "folders")
                    }
                    return folder
                }
            }
        }
        guard !wanted.isEmpty else {
            throw Refusal(
                404, "not_found", "no folder was indexed yet",
                hint: "mixtape index FOLDER, or mixtape serve --root FOLDER")
        }
        var parameters =
            members.filter { $0.key != "folders" } + [.init("folders", .array(wanted.map { .string($0) }))]
        // Wrong parameters are told now, not by a failed job.
        let asked = JSONValue.object(parameters)
        try await lanes.run(.file, cancellation) { try IndexRequest.check(asked) }
        // Each worker is a process: a request takes no more of the machine than it has.
        for place in parameters.indices where parameters[place].key == "workers" {
            guard let wanted = parameters[place].value.intValue else { continue }
            parameters[place].value = .number(min(wanted, options.processors))
        }
        guard let job = jobs.submit(folders: wanted, parameters: .object(parameters)) else {
            throw Refusal.tooMany("too many index jobs wait", seconds: 30)
        }
        return .json(job.json, status: 202).with(.location, "/api/jobs/\(job.id)")
    }

    private func events(_ call: Call) throws -> Answer {
        let id = try jobNumber(call)
        guard jobs.job(id) != nil else { throw Self.noJob }
        let most = options.limits.share(of: options.limits.followers, for: call.client)
        guard let place = followerSlots.take(for: call.client, atMost: most) else {
            throw Refusal.tooMany("too many clients follow jobs", seconds: 10)
        }
        guard let stream = jobs.follow(id) else { throw Self.noJob }
        return Answer("text/event-stream", length: nil) { writer in
            defer { withExtendedLifetime(place) {} }
            for await event in JobEvents(stream) {
                try await writer.write(ByteBuffer(string: event))
            }
            try await writer.finish(nil)
        }.with(.cacheControl, "no-store")
    }
}
