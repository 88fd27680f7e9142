import Base
import Foundation
import Library
import Service
import Testing

/// The search's parameters are described once, and everything that says the same follows.
@Suite struct SearchParameterTests {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: sources.appendingPathComponent(path), encoding: .utf8)
    }

    /// Numbers by their values, members by their names.
    private static func normal(_ value: JSONValue) -> JSONValue {
        switch value {
        case .literal: .number(value.doubleValue)
        case .array(let elements): .array(elements.map(normal))
        case .object(let members):
            .object(members.map { .init($0.key, normal($0.value)) }.sorted { $0.key < $1.key })
        default: value
        }
    }

    @Test func theSchemaSaysTheSame() throws {
        let parameters = ProtocolSchema.shared.root["$defs"]?["search_request"]?["properties"]?["params"]
        guard case .object(let members)? = parameters?["properties"] else {
            Issue.record("the schema has no parameters of a search")
            return
        }
        #expect(Set(members.map(\.key)) == Set(SearchParameter.all.map(\.name)))
        for parameter in SearchParameter.all {
            let said = members.first { $0.key == parameter.name }?.value ?? .null
            #expect(Self.normal(said) == Self.normal(parameter.schema), "\(parameter.name)")
        }
    }

    @Test func whatHoldsWithoutThemIsWhatIsSaid() {
        let request = SearchRequest(video: "a")
        for (parameter, value) in [
            (.limit, .number(request.limit)), (.excludesSelf, .bool(request.excludesSelf)),
            (.sampling, .string(request.sampling.rawValue)), (.sampleCount, .number(request.sampleCount)),
            (.lambda, .number(request.lambda)),
        ] as [(SearchParameter, JSONValue)] {
            #expect(parameter.standard.map(Self.normal) == Self.normal(value), "\(parameter.name)")
        }
        // Where nothing else is asked for.
        #expect(request.comparesParts && SearchParameter.granularity.standard == "clip")
    }

    /// Each has a row in the protocol's page, with what holds without it.
    @Test func thePageSaysTheSame() throws {
        let page = try Self.text("docs/protocol.md")
        let start = try #require(page.range(of: "### search\n")?.upperBound)
        let rows = page[start...].split(separator: "\n", omittingEmptySubsequences: false)
            .drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
            .map { $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
        for parameter in SearchParameter.all {
            let row = rows.first { $0[0].contains("`\(parameter.name)`") }
            #expect(row != nil, "\(parameter.name)")
            guard let standard = parameter.standard, let cell = row?[1] else { continue }
            let said = try? JSONValue(parsing: cell.replacing("`", with: ""))
            #expect(said.map(Self.normal) == Self.normal(standard), "\(parameter.name): \(cell)")
        }
    }

    /// Each has an option of its name, with the same default; the videos are arguments.
    @Test func theCommandLineSaysTheSame() throws {
        let help = try Self.text("Tests/CommandLineTests/Snapshots/help-search.txt")
        let options = help.components(separatedBy: "\n  --").dropFirst()
        let names = ["paths": "path", "not_paths": "not-path"]
        for parameter in SearchParameter.all where !["video", "videos"].contains(parameter.name) {
            let name = names[parameter.name] ?? parameter.name.replacing("_", with: "-")
            let option = options.first { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "\n") }
            #expect(option != nil, "\(name)")
            // What holds without a granularity depends on the rest; its words say so.
            guard let option, let standard = parameter.standard, parameter.kind != .flag,
                parameter.name != "granularity"
            else { continue }
            let words = option.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
            let value = standard.serialized().replacing("\"", with: "")
            #expect(
                words.contains("default: \(value))") || words.contains("default: \(value).0)"), "\(words)")
        }
    }

    @Test func rangesAreChecked() throws {
        #expect(
            SearchParameter.limit.range == "1 to 100000" && SearchParameter.lambda.range == "0 to 1000000")
        #expect(SearchParameter.maximumDistance.range == "0 or more")
        for (parameter, within, beyond) in [
            (.limit, [1, 100_000], [0, 100_001, -1, .nan, 1e300]),
            (.lambda, [0, 1e6], [-0.1, 1_000_001, .nan, .infinity]),
            (.minimumScore, [1e-9, 0.999], [0, 1, -1, .nan]),
            (.maximumDistance, [0, 1e300], [-1, .nan]),
        ] as [(SearchParameter, [Double], [Double])] {
            for value in within { #expect(parameter.admits(value), "\(parameter.name) \(value)") }
            for value in beyond { #expect(!parameter.admits(value), "\(parameter.name) \(value)") }
            for value in beyond where value.isFinite {
                #expect(throws: RPCError.self, "\(parameter.name) \(value)") {
                    try SearchRequest(
                        video: "a", params: .object([.init(parameter.name, .number(value))]))
                }
            }
        }
    }
}

extension SearchParameter {
    /// What the schema says of its values.
    fileprivate var schema: JSONValue {
        .object([.init("description", .string(help))] + constraints)
    }

    private var constraints: [JSONValue.Member] {
        func type(_ name: String) -> JSONValue.Member { .init("type", [.string(name), "null"]) }
        let text: JSONValue = ["type": "string", "minLength": 1]
        switch kind {
        case .path: return [type("string"), .init("minLength", 1)]
        case .texts(let most):
            return [
                type("array"), .init("items", text), .init("minItems", 1), .init("maxItems", .number(most)),
            ]
        case .whole(let range):
            let end = range.upperBound < .max ? [JSONValue.Member("maximum", .number(range.upperBound))] : []
            return [type("integer"), .init("minimum", .number(range.lowerBound))] + end
        case .number(let range):
            let isOpen = range.upperBound == .infinity
            let end = isOpen ? [] : [JSONValue.Member("maximum", .number(range.upperBound))]
            return [type("number"), .init("minimum", .number(range.lowerBound))] + end
        case .probability:
            return [type("number"), .init("exclusiveMinimum", 0), .init("exclusiveMaximum", 1)]
        case .flag: return [type("boolean")]
        case .choice(let words): return [.init("enum", .array(words.map { .string($0) } + [.null]))]
        }
    }
}
