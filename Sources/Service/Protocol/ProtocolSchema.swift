/// The protocol's schema, as the sources hold it: every message as JSON Schema, draft 2020-12.
public enum ProtocolSchema {
    /// `protocol.schema.json`, byte for byte.
    public static var text: String { String(decoding: PackageResources.protocol_schema_json, as: UTF8.self) }
}
