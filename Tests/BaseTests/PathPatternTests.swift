import Base
import Distributions
import Testing

@Suite struct PathPatternTests {
    static let cases: [(pattern: String, fits: [String], misses: [String])] = [
        ("*.mp4", ["/a.mp4", "/x/y/b.mp4", "/x/.mp4"], ["/a.mp4x", "/a.mkv", "/A.MP4"]),
        ("/v/*.mp4", ["/v/a.mp4"], ["/v/x/a.mp4", "/u/v/a.mp4"]),
        ("/v/**/a.mp4", ["/v/a.mp4", "/v/x/a.mp4", "/v/x/y/a.mp4"], ["/v/xa.mp4", "/a.mp4", "/w/v/a.mp4"]),
        ("/v/**", ["/v/a", "/v/x/y"], ["/v", "/w/v/a"]),
        ("holiday", ["/holiday/a.mp4", "/x/holiday", "/holiday"], ["/holidays/a.mp4", "/my holiday/a.mp4"]),
        ("holiday/", ["/x/holiday/a.mp4"], ["/x/holidays/a.mp4"]),
        ("/v", ["/v/a/b.mp4", "/v"], ["/w/v", "/vv"]),
        ("x/y", ["/x/y/z", "/a/x/y"], ["/x/a/y", "/ax/y"]),
        ("a?c", ["/abc", "/aéc"], ["/ac", "/a/c", "/abbc"]),
        ("[a-c]1", ["/a1", "/c1/z"], ["/d1", "/-1", "/1"]),
        ("[!a-c]1", ["/d1"], ["/a1", "/x/1"]),
        ("[]x]1", ["/]1", "/x1"], ["/1"]),
        ("[a-]1", ["/a1", "/-1"], ["/b1"]),
        ("[z-a]1", [], ["/z1", "/a1", "/m1"]),
        ("[\\]]1", ["/]1"], ["/\\1"]),
        ("\\*", ["/*", "/x/*/a"], ["/a", "/"]),
        ("**", ["/a", "/a/b"], []),
        ("a**c", ["/abc", "/a/b/c", "/ac"], ["/ab"]),
        ("*", ["/a", "/a/b"], []),
        ("é*", ["/éa"], ["/e\u{301}a"]),
    ]

    @Test(arguments: cases)
    func fitsAsAShellsWould(pattern: String, fits: [String], misses: [String]) throws {
        let matcher = try #require(PathPattern(pattern))
        for path in fits { #expect(matcher.matches(path), "\(path)") }
        for path in misses { #expect(!matcher.matches(path), "\(path)") }
    }

    @Test(arguments: ["", "[", "[a", "[]", "[!]", "a\\", "[a\\", String(repeating: "a", count: 4097)])
    func whatIsNoPatternIsRefused(text: String) {
        #expect(PathPattern(text) == nil)
    }

    /// By the definition, character for character, trying everything.
    private func naive(_ pattern: [Character], _ path: [Character]) -> Bool {
        func fits(_ p: Int, _ s: Int) -> Bool {
            guard p < pattern.count else { return s == path.count || path[s] == "/" }
            let startsName = p == 0 || pattern[p - 1] == "/"
            if startsName, pattern.count > p + 2, pattern[p...p + 2] == ["*", "*", "/"] {
                return fits(p + 3, s) || (s..<path.count).contains { path[$0] == "/" && fits(p + 3, $0 + 1) }
            }
            if pattern[p] == "*" {
                let isDeep = p + 1 < pattern.count && pattern[p + 1] == "*"
                var end = s
                while true {
                    if fits(p + (isDeep ? 2 : 1), end) { return true }
                    guard end < path.count, isDeep || path[end] != "/" else { return false }
                    end += 1
                }
            }
            guard s < path.count, pattern[p] == "?" ? path[s] != "/" : pattern[p] == path[s] else {
                return false
            }
            return fits(p + 1, s + 1)
        }
        if pattern.first == "/" { return fits(0, 0) }
        return path.indices.contains { path[$0] == "/" && fits(0, $0 + 1) }
    }

    @Test func agreesWithTheDefinitionOnRandomPatterns() throws {
        var generator = SeededGenerator(seed: 7)
        func random(_ letters: [Character], _ count: Int) -> [Character] {
            (0..<count).map { _ in letters[Int(generator.next() % UInt64(letters.count))] }
        }
        var fitting = 0
        for _ in 0..<20_000 {
            var pattern = random(["a", "b", "/", "*", "?", "*"], 1 + Int(generator.next() % 7))
            // More than two stars are two, and what ends with "/" is the folder: the definition above knows neither.
            while let triple = pattern.indices.dropLast(2).first(where: {
                pattern[$0...$0 + 2] == ["*", "*", "*"]
            }) {
                pattern.remove(at: triple)
            }
            while pattern.count > 1, pattern.last == "/" { pattern.removeLast() }
            if pattern.count > 2, pattern.suffix(3) == ["*", "*", "/"] { continue }
            let path = ["/"] + random(["a", "b", "/", "a"], Int(generator.next() % 9))
            let expected = naive(pattern, path)
            fitting += expected ? 1 : 0
            let matcher = try #require(PathPattern(String(pattern)))
            #expect(matcher.matches(String(path)) == expected, "\(String(pattern)) on \(String(path))")
        }
        #expect((4_000...16_000).contains(fitting), "both answers are tried")
    }

    /// A backtracking matcher would take longer than the universe.
    @Test func noPatternTakesLong() throws {
        let pattern = try #require(PathPattern(String(repeating: "*a", count: 400) + "b"))
        #expect(!pattern.matches("/" + String(repeating: "a", count: 2000)))
    }
}
