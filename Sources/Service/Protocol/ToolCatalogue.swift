import Base

/// The library's methods as tools of the Model Context Protocol: their parameters are those of the protocol's schema.
struct ToolCatalogue: Sendable {
    /// By name, in the order in which they are listed.
    let methods: [Method]
    private let schema: JSONValue
    private static let reading: [Method] = [
        .search, .duplicates, .videos, .info, .thumbnail, .duplicateDecisions,
    ]
    private static let changing: [Method] = [.index, .remove, .rejectDuplicates, .restoreDuplicates]

    /// - Parameter allowsChanges: whether tools that write the index are among them.
    init(allowsChanges: Bool) {
        methods = Self.reading + (allowsChanges ? Self.changing : [])
        do {
            schema = try JSONValue(parsing: ProtocolSchema.text)
        } catch {
            preconditionFailure("the program's own schema is not JSON: \(error)")
        }
    }

    /// The method of a tool, or nil where there is no such tool.
    func method(_ name: String) -> Method? { methods.first { $0.rawValue == name } }

    /// The result of `tools/list`.
    var json: JSONValue { ["tools": .array(methods.map(tool))] }

    private func tool(_ method: Method) -> JSONValue {
        let request = schema["$defs"]?["\(method.rawValue)_request"]
        let empty: JSONValue = ["type": "object", "properties": [:]]
        return [
            "name": .string(method.rawValue),
            "description": request?["description"] ?? "",
            "inputSchema": request?["properties"]?["params"] ?? empty,
            "annotations": [
                "readOnlyHint": .bool(Self.reading.contains(method)),
                // Files are left alone, and what is removed from the index can be indexed again.
                "destructiveHint": false, "openWorldHint": false,
            ],
        ]
    }
}
