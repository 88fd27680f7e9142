import Service
import Tensors

/// The two JSON readers, that of files and that of the protocol: both take a text, or neither does; and what was read
/// is read again from what is written of it.
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
            let ofFiles = Result { try Tensors.JSONParser.parse(bytes) }
            let ofProtocol = Result { try Service.JSONValue(parsing: bytes) }
            switch (ofFiles, ofProtocol) {
            case (.success(let one), .success(let other)):
                try must(
                    (try? Tensors.JSONParser.parse(Array(one.text().utf8))) == one, "a file's JSON changes")
                try must(
                    (try? Tensors.JSONParser.parse(Array(one.text(indent: true).utf8))) == one,
                    "a file's JSON changes by indenting")
                let text = other.serialized()
                let again = try? Service.JSONValue(parsing: text)
                try must(again?.serialized() == text, "a message changes")
            case (.failure(let error), .success):
                let problem = (error as? Tensors.JSONSyntaxError)?.problem
                // One keeps numbers as they are spelt; the depths count the innermost value differently.
                try must(
                    problem == "a number out of range" || problem == "nested too deeply",
                    "only the protocol's reader takes it: \(problem ?? "\(error)")")
            case (.success, .failure(let error)):
                throw FuzzFailure(description: "only files' reader takes it: \(error)")
            case (.failure, .failure): break
            }
        })
}
