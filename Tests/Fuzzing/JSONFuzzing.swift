import Base
import Tensors

/// The JSON reader: what was read is read again from what is written of it.
enum JSONFuzzing {
    static let target = FuzzTarget(
        name: "json",
        seeds: {
            let texts = [
                "{\"a\":[1,-2.5e3,true,false,null,\"x\"],\"b\":{}}", "[[[[]]]]",
                "\"\\u00e9\\ud83d\\ude00\\n\"",
                "0", "-0.0", "1e400", "123456789012345678901234567890", " [ ] ", "{\"a\":1,\"a\":2}", "nul",
            ].map { Array($0.utf8) }
            return texts + texts.flatMap(Edges.variants)
        },
        run: { bytes in
            guard let value = try? JSONValue(parsing: bytes) else { return }
            for text in [value.serialized(), value.prettyPrinted()] {
                let again = try? JSONValue(parsing: text)
                try must(again?.serialized() == value.serialized(), "a message changes")
            }
            for indent in [false, true] {
                try must(
                    (try? JSONValue(parsing: value.text(indent: indent))) == value, "a file's JSON changes")
            }
        })
}
