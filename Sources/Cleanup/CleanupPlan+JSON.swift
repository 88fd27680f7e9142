import Base

/// Plans are JSON that people read, edit and compare: one member a line, in an order that does not change. `docs/plan.schema.json`
/// describes them.
extension CleanupPlan {
    static let format = 1
    /// Bytes of a plan that is read: some hundred thousand steps.
    static let mostBytes = 1 << 30

    /// The whole file, with a line break at its end.
    public var text: String { json.text(indent: true) + "\n" }

    private var json: JSONValue {
        [
            "mixtape_plan": .number(Self.format),
            "files": .number(steps.count),
            "bytes_freed": .number(bytesFreed),
            "expected_mistakes": .number(expectedMistakes.rounded(to: 1e6)),
            "steps": .array(steps.map(\.json)),
            "excerpts": .array(excerpts.map(\.json)),
            "left_out": .array(leftOut.map(\.json)),
        ]
    }

    /// Reads a plan. The totals in its head are not looked at: whoever edits the steps need not add up.
    ///
    /// - Parameter path: for errors alone.
    /// - Throws: `planInvalid`.
    public init(bytes: [UInt8], path: String) throws(CleanupError) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw .invalid(path, "no JSON: \(error.message) at byte \(error.offset)")
        }
        guard json["mixtape_plan"] != nil else {
            throw .invalid(path, "no plan of `mixtape duplicates --plan`")
        }
        guard json["mixtape_plan"]?.integerValue == Self.format else {
            throw CleanupError(
                .planInvalid, path: path, "a plan of another version of mixtape",
                hint: "make it again with `mixtape duplicates --plan PLAN.json`")
        }
        guard let steps = json["steps"]?.arrayValue else { throw .invalid(path, "it has no list \"steps\"") }
        var read: [PlanStep] = []
        for (place, step) in steps.enumerated() {
            do throws(PlanProblem) {
                read.append(try PlanStep(step))
            } catch {
                throw .invalid(path, "step \(place + 1): \(error.words)")
            }
        }
        // What is not done says only what was thought of.
        func others(_ name: String) -> [PlanStep] {
            (json[name]?.arrayValue ?? []).compactMap { try? PlanStep($0) }
        }
        self.init(steps: read, excerpts: others("excerpts"), leftOut: others("left_out"))
        try check(path)
    }

    /// A file that is kept for another one may not go itself: whichever came first, one of the two would be gone without its copy.
    private func check(_ path: String) throws(CleanupError) {
        var going: Set<PathKey> = []
        for step in steps {
            guard going.insert(PathKey(step.file.path)).inserted else {
                throw .invalid(path, "two steps are about \(step.file.path)")
            }
        }
        if let step = steps.first(where: { going.contains(PathKey($0.kept.path)) }) {
            throw .invalid(path, "\(step.kept.path) is kept by one step and goes by another")
        }
    }
}

/// What is wrong with a step.
struct PlanProblem: Error { var words: String }

extension CleanupError {
    fileprivate static func invalid(_ path: String, _ detail: String) -> CleanupError {
        CleanupError(
            .planInvalid, path: path, detail,
            hint: "mend it, or make it again with `mixtape duplicates --plan PLAN.json`")
    }
}

extension PlanStep {
    /// The members, in their order.
    package static let names = [
        "file", "action", "keep", "reason", "score", "shown", "bytes_freed", "interval", "left_out", "size",
        "modified", "fingerprint", "keep_size", "keep_modified", "keep_fingerprint",
    ]

    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("file", .string(file.path)), .init("action", .string(action.text)),
            .init("keep", .string(kept.path)), .init("reason", .string(reason)),
            .init("score", .number(score)), .init("shown", .number(shown.rounded(to: 1e4))),
            .init("bytes_freed", .number(bytesFreed)),
        ]
        if let interval {
            members.append(
                .init(
                    "interval",
                    .array([
                        .number(interval.start.rounded(to: 100)), .number(interval.stop.rounded(to: 100)),
                    ])))
        }
        if let leftOut { members.append(.init("left_out", .string(leftOut))) }
        members += [
            .init("size", .number(file.size)), .init("modified", .number(file.modified)),
            .init("fingerprint", .string(file.fingerprint)), .init("keep_size", .number(kept.size)),
            .init("keep_modified", .number(kept.modified)),
            .init("keep_fingerprint", .string(kept.fingerprint)),
        ]
        return .object(members)
    }

    fileprivate init(_ json: JSONValue) throws(PlanProblem) {
        guard case .object(let members) = json else { throw PlanProblem(words: "not an object") }
        if let other = members.first(where: { !Self.names.contains($0.key) }) {
            throw PlanProblem(words: "nothing is known of \"\(other.key)\"")
        }
        func value<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws(PlanProblem) -> Value {
            guard let member = json[name] else { throw PlanProblem(words: "\"\(name)\" is missing") }
            guard let value = read(member) else { throw PlanProblem(words: "\"\(name)\" is wrong") }
            return value
        }
        func file(_ name: String, _ prefix: String) throws(PlanProblem) -> SeenFile {
            SeenFile(
                path: try value(name) { $0.stringValue.flatMap(Self.plainPath) },
                size: try value(prefix + "size") { $0.integerValue.flatMap { $0 > 0 ? Int64($0) : nil } },
                modified: try value(prefix + "modified") { $0.integerValue.map(Int64.init) },
                fingerprint: try value(prefix + "fingerprint") { $0.stringValue.flatMap(Self.digits) })
        }
        let share = { (value: JSONValue) in value.doubleValue.flatMap { (0...1).contains($0) ? $0 : nil } }
        self.init(
            file: try file("file", ""),
            action: try value("action") { $0.stringValue.flatMap(CleanupAction.init) },
            kept: try file("keep", "keep_"), reason: json["reason"]?.stringValue ?? "",
            score: try value("score", share), shown: json["shown"].flatMap(share) ?? 0,
            bytesFreed: json["bytes_freed"]?.integerValue.map { Int64(max(0, $0)) } ?? 0,
            leftOut: json["left_out"]?.stringValue)
        if let times = json["interval"]?.arrayValue?.compactMap(\.doubleValue), times.count == 2 {
            interval = TimeRange(start: times[0], stop: times[1])
        }
        if case .move(let folder) = action, Self.plainPath(folder) == nil {
            throw PlanProblem(words: "\"action\": expected move=FOLDER with an absolute path")
        }
        guard PathKey(self.file.path) != PathKey(kept.path) else {
            throw PlanProblem(words: "the file and the kept one are the same")
        }
    }

    /// The path where it begins at the root and goes straight down.
    private static func plainPath(_ path: String) -> String? {
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), !path.utf8.contains(0), path.utf8.count < 4096,
            names.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else { return nil }
        return path
    }

    private static func digits(_ text: String) -> String? {
        text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) } ? text : nil
    }
}

extension Double {
    /// The nearest number of so many parts of one.
    fileprivate func rounded(to parts: Double) -> Double { (self * parts).rounded() / parts }
}
