import Base
import Library
import Service
import Testing

/// The schema and its checker: a check that accepts everything would hold nothing.
@Suite struct SchemaTests {
    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"video":"a.mp4","limit":3}}"#,
        #"{"jsonrpc":"2.0","id":"x","method":"search","params":{"video":"a","from":1.5,"to":9,"mode":"iid"}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"duplicates"}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"duplicates","params":{"min_score":0.5,"limit":3}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"reject_duplicates","params":{"paths":["a","b"]}}"#,
        #"{"jsonrpc":"2.0","method":"index","params":{"folders":["a"],"prune":true}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"videos":["a","b"],"paths":["*.mp4"],"min_size":7}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"video":"a","like":["b"],"unlike":["c"]}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"watch","params":{"folders":["a"],"quiet":0.5}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"thumbnail","params":{"video":"a","time":1.5,"width":64}}"#,
        #"{"jsonrpc":"2.0","id":2,"after":1,"method":"info"}"#,
        #"{"jsonrpc":"2.0","id":0,"method":"version"}"#,
        #"{"jsonrpc":"2.0","id":2,"after":["a",1],"method":"search","params":{"video":"a"}}"#,
        #"[{"jsonrpc":"2.0","id":1,"method":"info"},{"jsonrpc":"2.0","method":"cancel","params":{"id":1}}]"#,
    ])
    func requestsFit(line: String) throws {
        let problems = ProtocolSchema.shared.problems(
            of: try JSONValue(parsing: line), against: "#/$defs/request_line")
        #expect(problems == [])
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":1,"method":"search","params":{}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"video":"a","limit":0}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"videos":[]}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"video":"a","min_score":1}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"thumbnail","params":{"video":"a","width":2000}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"video":"a","unknown":0}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"duplicates","params":{"min_score":1}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"restore_duplicates","params":{"paths":["a"]}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"search"}"#, #"{"id":1,"method":"info"}"#, "[]", "7",
        #"{"jsonrpc":"2.0","id":{},"method":"info"}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"info","after":{}}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"info","after":[null]}"#,
    ])
    func wrongRequestsDoNot(line: String) throws {
        let problems = ProtocolSchema.shared.problems(
            of: try JSONValue(parsing: line), against: "#/$defs/request_line")
        #expect(problems != [])
    }

    @Test func theProgramSaysWhichItIs() throws {
        let library = VideoLibrary(LibraryConfiguration(indexFolder: "/none", modelFolder: "/none"))
        let result = try RequestHandler(library: library).run(.version, nil)
        #expect(result["version"] == .string(ProgramVersion.text))
        #expect(ProtocolSchema.shared.problems(of: result, against: "#/$defs/version_result") == [])
        #expect(throws: RPCError.self) { try RequestHandler(library: library).run(.version, ["a": 1]) }
    }

    @Test func theErrorCodesAreTheSchemas() throws {
        let codes = ProtocolSchema.shared.root["$defs"]?["error"]?["properties"]?["code"]?["enum"]?.arrayValue
        #expect(Set(codes?.compactMap(\.intValue) ?? []) == Set(RPCError.Code.allCases.map(\.rawValue)))
    }

    @Test func everyReferenceAndKeywordIsKnown() throws {
        func walk(_ value: JSONValue, into references: inout Set<String>) {
            switch value {
            case .object(let members):
                for member in members {
                    if member.key == "$ref", let text = member.value.stringValue { references.insert(text) }
                    walk(member.value, into: &references)
                }
            case .array(let elements): for element in elements { walk(element, into: &references) }
            default: break
            }
        }
        var references: Set<String> = []
        walk(ProtocolSchema.shared.root, into: &references)
        #expect(references.count > 10)
        for reference in references {
            let name = String(reference.dropFirst("#/$defs/".count))
            #expect(ProtocolSchema.shared.root["$defs"]?[name] != nil, "\(reference)")
        }
        let strange = JSONSchema(root: ["$defs": ["a": ["pattern": "x"]]])
        #expect(strange.problems(of: "y", against: "#/$defs/a") != [])
    }
}
