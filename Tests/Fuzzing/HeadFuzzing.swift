import Base
import Foundation
import HTTPService

/// Heads of HTTP requests: the request line and the fields, a line each, as they come out of HTTP's own reader.
enum HeadFuzzing {
    private static let token = "0123456789abcdef"

    static let target = FuzzTarget(
        name: "http",
        seeds: {
            let targets = [
                "/", "/api/videos?limit=2&offset=1&text=a%20b%2Fc+d&min_duration=0.5&descending=true",
                "/api/videos/12/preview", "/api/videos/7/thumbnail?time=1.5&width=64", "/api/jobs/3/events",
                "/api/projection?videos=1,2,3&upload=ab", "/api/uploads?name=q%C3%BCery.mp4&from=0.5&to=2",
                "/api/library?failures=true", "*", "http://127.0.0.1/health", "/api//videos/%2e%2e/1",
                "/a?%zz&=&a=1&a=2",
            ]
            let fields = [
                "Host: 127.0.0.1:8377", "Host: [::1]:80", "Host: localhost", "Host: films.example:443",
                "Host: [::1",
                "Host: a:b:1", "Origin: http://127.0.0.1:8377", "Origin: null", "Sec-Fetch-Site: cross-site",
                "Authorization: Bearer \(token)", "Authorization: bearer \(token)x",
                "Authorization: Basic YTpi",
                "Cookie: mixtape_session=ab; a=b=c;;=", "Range: bytes=0-99", "Range: bytes=-5",
                "Range: bytes=7-",
                "Range: bytes=1-2,4-5", "Range: bytes=5-4", "Range: bytes=-", "Range: items=0-1",
                "If-Range: \"1-2-3.4\"", "If-None-Match: *", "Content-Length: 12",
                "Transfer-Encoding: chunked",
                "Content-Type: application/json; charset=utf-8",
                "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
            ]
            let heads =
                targets.map { "GET \($0) HTTP/1.1\nHost: localhost" }
                + fields.map { "GET /api/videos/1/preview HTTP/1.1\n\($0)" }
                + ["POST /api/search HTTP/1.1\n" + fields.joined(separator: "\n"), "X"]
            return heads.map { Array($0.utf8) }
                + heads.filter { $0.utf8.count < 400 }.flatMap { Edges.variants(of: Array($0.utf8)) }
        },
        run: { bytes in
            // What is left of bytes that are no text, HTTP's own reader has refused.
            guard let text = String(validating: bytes, as: UTF8.self) else { return }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(100)
            let words = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard words.count >= 2 else { return }
            let fields = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                return (
                    String(line[..<colon]),
                    line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                )
            }
            guard
                let read = HeadReading(
                    method: String(words[0]), target: String(words[1]), fields: fields, by: readers)
            else { return }
            try check(read, fields)
        })

    private static let readers = HeadReading.Readers(token: token, hostNames: ["films.example"])

    private static func check(_ read: HeadReading, _ fields: [(name: String, value: String)]) throws {
        for (size, range) in read.ranges {
            guard let range else { continue }
            try must(
                !range.isEmpty && range.lowerBound >= 0 && range.upperBound <= size,
                "\(range) of a file of \(size) bytes")
        }
        if read.isAdmitted {
            let shown = fields.filter { $0.name.lowercased() == "authorization" }.map(\.value).joined()
            try must(
                shown.lowercased().contains("bearer ") && shown.contains(token),
                "\(shown) passes for the token")
        }
        if let (name, port) = read.host {
            try must(!name.isEmpty && name == name.lowercased(), "a host \(name)")
            try must(port.map { (0...65535).contains($0) } ?? true, "a port \(port ?? -1)")
        }
        if !read.isRefused {
            let name = read.host?.name ?? ""
            try must(
                ["localhost", "films.example", "::1"].contains(name) || name.hasPrefix("127."),
                "\(name) is taken for ours")
        }
        if let number = read.route?.number { try must(number >= 0, "a number \(number) in a path") }
        // As it goes on to the protocol.
        if let parameters = read.parameters {
            let text = parameters.serialized()
            let again = try? JSONValue(parsing: text)
            try must(again?.serialized() == text, "parameters change")
        }
    }
}
