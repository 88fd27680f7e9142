import Tensors
import Testing

@Suite struct JSONTests {
    @Test func valuesComeBackAsTheyWere() throws {
        let value = JSONValue.object([
            .init("z", .array([.integer(-3), .number(0.5), .null, .bool(true)])),
            .init("a\"\\\n\u{1}é😀", .object([.init("", .string("x"))])), .init("e", .array([])),
            .init("o", .object([])), .init("n", .array([.array([.integer(1)]), .array([])])),
        ])
        for indent in [false, true] {
            #expect(try JSONParser.parse(Array(value.text(indent: indent).utf8)) == value)
        }
    }

    @Test func escapesAreUnderstood() throws {
        let parsed = try JSONParser.parse(Array(#" "\u00e9\ud83d\ude00\/\b" "#.utf8))
        #expect(parsed == .string("é😀/\u{8}"))
        #expect(try JSONParser.parse(Array("-1.5e2".utf8)) == .number(-150))
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "01", "1.", ".5", "+1", "nul", "nan",
        "1e999",
        "\"\u{1}\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"abc", "[1] 2",
        "{\"a\":1,\"a\":2}", "\"\\u12\"", "--1", "1e",
    ])
    func malformedTextsAreRefused(text: String) {
        #expect(throws: JSONSyntaxError.self) { _ = try JSONParser.parse(Array(text.utf8)) }
    }

    @Test func depthIsBounded() {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(throws: JSONSyntaxError.self) { _ = try JSONParser.parse(deep) }
        #expect(throws: JSONSyntaxError.self) { _ = try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }
}
