import Base
import Foundation
import HTTPService
import Service
import Testing

/// The OpenAPI document against the protocol's schema and against the service.
@Suite(.timeLimit(.minutes(1))) struct DocumentTests {
    private func document() async throws -> JSONValue {
        try #require(try await TestService().ask("GET", "/openapi.json").json)
    }

    @Test func everyReferenceLeadsSomewhere() async throws {
        let document = try await document()
        var references: Set<String> = []
        func walk(_ value: JSONValue) {
            switch value {
            case .object(let members):
                for member in members {
                    if member.key == "$ref", let text = member.value.stringValue { references.insert(text) }
                    walk(member.value)
                }
            case .array(let elements): elements.forEach(walk)
            default: break
            }
        }
        walk(document)
        #expect(references.count > 8)
        for reference in references {
            let prefix = "#/components/schemas/"
            #expect(reference.hasPrefix(prefix), "\(reference)")
            #expect(
                document["components"]?["schemas"]?[String(reference.dropFirst(prefix.count))] != nil,
                "\(reference)")
        }
    }

    /// What the other transport answers, this one describes in the same words.
    @Test func resultsAreTheProtocols() async throws {
        let schemas = try #require(try await document()["components"]?["schemas"])
        let definitions = try #require(try JSONValue(parsing: ProtocolSchema.text)["$defs"])
        for name in ["search_result", "videos_result", "projection_result", "index_result"] {
            let own = try #require(schemas[name]).serialized()
            let theirs = try #require(definitions[name]).serialized()
            #expect(
                own == theirs.replacingOccurrences(of: "#/$defs/", with: "#/components/schemas/"), "\(name)")
        }
    }

    /// So are the facts of the library.
    @Test func factsAreTheProtocols() async throws {
        let schemas = try #require(try await document()["components"]?["schemas"])
        let info = try JSONValue(parsing: ProtocolSchema.text)["$defs"]?["info_result"]?["properties"]
        for (own, theirs) in [("counts", "videos"), ("model", "model"), ("failures", "failures")] {
            let described = try #require(schemas[own]).serialized()
            #expect(described == info?[theirs]?.serialized(), "\(own)")
        }
        let library = try #require(try await TestService().ask("GET", "/api/library").json)
        guard case .object(let counts) = library["videos"] else { return #expect(Bool(false)) }
        for member in counts {
            #expect(schemas["counts"]?["properties"]?[member.key] != nil, "\(member.key)")
        }
    }

    /// What generators of clients go by: groups, types of bodies, and which answers are bytes.
    @Test func clientsCanBeGenerated() async throws {
        guard case .object(let paths) = try await document()["paths"] else { return #expect(Bool(false)) }
        var tags: Set<String> = []
        for path in paths {
            guard case .object(let operations) = path.value else { continue }
            for operation in operations {
                tags.insert(operation.value["tags"]?.arrayValue?.first?.stringValue ?? "")
                let body = operation.value["requestBody"]?["content"]?["application/json"]?["schema"]
                #expect(body?["oneOf"] == nil && body?["anyOf"] == nil, "\(path.key)")
            }
        }
        let expected: Set = [
            "search", "uploads", "videos", "projection", "duplicates", "jobs", "library", "service",
        ]
        #expect(tags == expected)
        let preview = JSONValue.object(paths)["/api/videos/{id}/preview"]?["get"]?["responses"]?["200"]
        #expect(preview?["content"]?["image/gif"]?["schema"]?["format"] == "binary")
    }

    @Test func operationsHaveNamesOfTheirOwnAndEveryError() async throws {
        guard case .object(let paths) = try await document()["paths"] else { return #expect(Bool(false)) }
        var names: [String] = []
        for path in paths {
            guard case .object(let operations) = path.value else { continue }
            for operation in operations {
                names.append(operation.value["operationId"]?.stringValue ?? "")
                for status in ["400", "403", "421", "429"] {
                    #expect(operation.value["responses"]?[status] != nil, "\(path.key) \(status)")
                }
            }
        }
        #expect(names.count >= 14 && Set(names).count == names.count)
    }
}
