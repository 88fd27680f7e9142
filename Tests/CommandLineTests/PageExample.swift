import Foundation
import TestSupport

/// An example of a page: what is entered, and what comes back.
struct PageExample {
    enum Line: Equatable {
        case entered(String)
        case answered(String)
    }

    /// The page, and the number of the line at which the example begins.
    var place: String
    var lines: [Line] = []

    var entered: [String] { lines.compactMap { if case .entered(let text) = $0 { text } else { nil } } }
    var answered: [String] { lines.compactMap { if case .answered(let text) = $0 { text } else { nil } } }

    static func text(_ page: String) throws -> String {
        try String(contentsOfFile: "\(Repository.path)/\(page)", encoding: .utf8)
    }

    /// The conversations of a page: "→" stands before a line of the client, "←" before one of the service.
    static func conversations(_ page: String) throws -> [PageExample] {
        var examples: [PageExample] = []
        var isInside = false
        for (number, line) in try text(page).components(separatedBy: "\n").enumerated() {
            let isEntered = line.hasPrefix("    → ")
            guard isEntered || line.hasPrefix("    ← ") else {
                isInside = false
                continue
            }
            if !isInside { examples.append(PageExample(place: "\(page):\(number + 1)")) }
            isInside = true
            let text = String(line.dropFirst(6))
            examples[examples.count - 1].lines.append(isEntered ? .entered(text) : .answered(text))
        }
        return examples
    }

    /// The commands of a page, each after "$ ", with what they print up to the next command or a line that is not indented.
    /// A command continues while its lines end in "\" or "|".
    static func commands(_ page: String) throws -> [PageExample] {
        var examples: [PageExample] = []
        var isInside = false
        var continues = false
        for (number, line) in try text(page).components(separatedBy: "\n").enumerated() {
            guard line.hasPrefix("    ") else {
                isInside = false
                continue
            }
            var text = String(line.dropFirst(4))
            if text.hasPrefix("$ ") {
                examples.append(PageExample(place: "\(page):\(number + 1)"))
                text = String(text.dropFirst(2))
                (isInside, continues) = (true, true)
            }
            guard isInside else { continue }
            examples[examples.count - 1].lines.append(continues ? .entered(text) : .answered(text))
            continues = continues && (text.hasSuffix("\\") || text.hasSuffix("|"))
        }
        return examples
    }
}

/// Compares the members and types of JSON values, not the values, which differ from run to run.
///
/// Null fits any type: a value that may be missing is there in one run and not in another. Two arrays fit if each element of
/// either fits one of the other, or if one of them is empty.
enum JSONShape {
    /// Where two values differ; empty if they do not.
    ///
    /// - Parameter isPart: whether the page leaves members and elements out ("…").
    static func differences(page: Any, answer: Any, isPart: Bool = false, at place: String = "$") -> [String]
    {
        switch (page, answer) {
        case (is NSNull, _), (_, is NSNull): return []
        case (let page as [String: Any], let answer as [String: Any]):
            let missing = page.keys.filter { answer[$0] == nil }.map { "\(place).\($0) is not answered" }
            let more = answer.keys.filter { page[$0] == nil }.map { "\(place).\($0) is not on the page" }
            return missing + (isPart ? [] : more)
                + page.flatMap { key, value in
                    answer[key].map {
                        differences(page: value, answer: $0, isPart: isPart, at: "\(place).\(key)")
                    }
                        ?? []
                }
        case (let page as [Any], let answer as [Any]):
            if page.isEmpty || answer.isEmpty { return [] }
            func fits(_ page: Any, _ answer: Any) -> Bool {
                differences(page: page, answer: answer, isPart: isPart).isEmpty
            }
            let allFit =
                page.allSatisfy { shown in answer.contains { fits(shown, $0) } }
                && (isPart || answer.allSatisfy { given in page.contains { fits($0, given) } })
            return allFit
                ? []
                : ["\(place): elements differ"]
                    + differences(page: page[0], answer: answer[0], isPart: isPart, at: "\(place)[0]")
        default:
            let (shown, given) = (kind(page), kind(answer))
            return shown == given ? [] : ["\(place): \(shown) on the page, \(given) in the answer"]
        }
    }

    private static func kind(_ value: Any) -> String {
        switch value {
        case is String: "a string"
        case is [String: Any]: "an object"
        case is [Any]: "an array"
        case let number as NSNumber: String(cString: number.objCType) == "c" ? "a boolean" : "a number"
        default: "\(type(of: value))"
        }
    }

    /// A line of a page as JSON, and whether it leaves members out ("…"); nil for any other text.
    static func value(_ line: String) -> (value: Any, isPart: Bool)? {
        var text = line
        for (elision, rest) in [(",…,", ","), ("{…,", "{"), ("[…,", "["), (",…}", "}"), (",…]", "]")] {
            text = text.replacingOccurrences(of: elision, with: rest)
        }
        guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) else { return nil }
        return (value, text != line)
    }
}
