import Base
import Foundation
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1.50", "12345678901234567890123", "1e400", "-2.5E-7",
        "\"\"", "\"a/b\"", "[]", "{}", "[1,[2,{\"a\":null}]]", "{\"a\":1,\"b\":[true,\"ä€😀\"]}",
    ])
    func whatIsWrittenIsWhatWasRead(text: String) throws {
        #expect(try JSONValue(parsing: text).serialized() == text)
    }

    @Test(arguments: [
        "", " ", "nul", "+1", "01", "1.", ".5", "1e", "- 1", "NaN", "Infinity", "'a'", "\"a", "\"\n\"",
        "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "[1,]", "[1 2]", "[", "{", "{\"a\"}", "{\"a\":}",
        "{a:1}", "[1] 2", "--1",
        "{\"a\":1,}", "{\"a\":1,\"a\":2}", "1 2", "{}{}", "\u{FEFF}1",
    ])
    func whatIsNotJSONIsRefused(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        for bytes: [UInt8] in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
        ] {
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
        }
    }

    @Test func nestingIsBounded() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try JSONValue(parsing: nested(64)).serialized() == nested(64))
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(65)) }
        #expect(throws: JSONSyntaxError.self) {
            try JSONValue(parsing: String(repeating: "[", count: 1 << 20))
        }
    }

    /// Each value takes many times as much memory as text.
    @Test func valuesAreBounded() throws {
        let some = "[" + Array(repeating: "[0]", count: 2000).joined(separator: ",") + "]"
        #expect(try JSONValue(parsing: some).arrayValue?.count == 2000)
        let many = "[" + Array(repeating: "[0]", count: 250_000).joined(separator: ",") + "]"
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: many) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array("[1,2]".utf8), values: 2) }
        #expect(try JSONValue(parsing: Array("[1,2]".utf8), values: 3) == [1, 2])
        // As many requests as a batch may have, the shortest that there are.
        let request = #"{"id":1,"jsonrpc":"2.0","method":"info"}"#
        let batch = "[" + Array(repeating: request, count: 1000).joined(separator: ",") + "]"
        #expect(try JSONValue(parsing: batch).arrayValue?.count == 1000)
    }

    @Test func stringsAreReadBetweenTheirEscapes() throws {
        for text in [#""\n""#, #""a\n""#, #""\na""#, #""a\nb\t\tc""#, #""ä\u00e4ä""#] {
            let plain = text.dropFirst().dropLast().replacingOccurrences(of: "\\n", with: "\n")
                .replacingOccurrences(of: "\\t", with: "\t").replacingOccurrences(of: "\\u00e4", with: "ä")
            #expect(try JSONValue(parsing: text) == .string(plain))
        }
        #expect(throws: JSONSyntaxError.self) {
            try JSONValue(parsing: [0x22, 0xC3, 0x5C, 0x6E, 0xA4, 0x22])
        }
    }

    @Test func escapesAreRead() throws {
        let text = #""\"\\\/\b\f\n\r\t\u00e4\u20AC\uD83D\uDE00""#
        #expect(try JSONValue(parsing: text) == .string("\"\\/\u{8}\u{C}\n\r\tä€😀"))
    }

    @Test func controlCharactersNeverBreakALine() {
        let value = JSONValue.string("a\nb\r\u{0}\u{1B}\"\\")
        #expect(value.serialized() == #""a\nb\r\u0000\u001b\"\\""#)
    }

    @Test func keysAreSortedAndSlashesLeftAlone() {
        let value: JSONValue = ["b": 1, "a": ["d": "x/y", "c": .null]]
        #expect(value.serialized() == #"{"a":{"c":null,"d":"x/y"},"b":1}"#)
        #expect(
            value.prettyPrinted()
                == "{\n  \"a\": {\n    \"c\": null,\n    \"d\": \"x/y\"\n  },\n  \"b\": 1\n}")
    }

    @Test func filesKeepTheOrderOfTheirMembers() throws {
        let value = JSONValue.object([
            .init("z", .array([.number(-3), .number(0.5), .null, .bool(true)])),
            .init("a\"\\\n\u{1}é😀", .object([.init("", .string("x"))])), .init("e", .array([])),
            .init("o", .object([])), .init("n", .array([.array([.number(1)]), .array([])])),
        ])
        for indent in [false, true] {
            #expect(try JSONValue(parsing: value.text(indent: indent)) == value)
        }
        #expect(
            JSONValue.object([.init("b", [1, 2]), .init("a", [["c": 3]])]).text(indent: true)
                == "{\n  \"b\": [1, 2],\n  \"a\": [\n    {\n      \"c\": 3\n    }\n  ]\n}")
    }

    @Test func numbersKeepTheirMeaning() throws {
        #expect(try JSONValue(parsing: "-1.5e2").doubleValue == -150)
        #expect(try JSONValue(parsing: "-3").integerValue == -3)
        #expect(try JSONValue(parsing: "3.0").integerValue == nil)
        #expect(JSONValue.number(0.1).serialized() == "0.1")
        #expect(JSONValue.number(Double.nan) == .null)
        #expect(JSONValue.number(-Double.infinity) == .null)
        #expect(try JSONValue(parsing: "3.0").intValue == 3)
        #expect(try JSONValue(parsing: "3.5").intValue == nil)
        #expect(try JSONValue(parsing: "1e400").doubleValue == nil)
        #expect(try JSONValue(parsing: "1e400").intValue == nil)
    }
}
