import Foundation
import Testing
import TestSupport

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Pages to look at.
@Suite struct ReportTests {
    /// A folder, a file and a name that would do harm if they came into a page as they are.
    static let hostile = "<b>\"quoted\" & 'so'<_b>/<img src=x onerror=alert(1)> \u{202E}4pm.mp4"

    /// One page for all tests, of matches with ordinary and hostile names, and one whose file is gone.
    static let report = Result<Report, any Error> {
        let index = try TestIndex()
        let folder = index.folder.path + "/videos"
        let evil = "\(folder)/\(hostile)"
        try FileManager.default.createDirectory(
            atPath: NSString(string: evil).deletingLastPathComponent, withIntermediateDirectories: true)
        for number in 0..<4 {
            try FileManager.default.copyItem(
                atPath: index.material.video(number), toPath: "\(folder)/\(number).mp4")
        }
        try FileManager.default.copyItem(atPath: index.material.video(5), toPath: evil)
        let indexed = try index.run("index", folder)
        guard indexed.status == 0 else { throw RunFailure(indexed.errors) }
        try FileManager.default.removeItem(atPath: "\(folder)/3.mp4")
        let page = index.folder.path + "/report.html"
        let outcome = try index.run(
            "search", evil, "--html", page, "--unlike", "\(folder)/2.mp4", "--like", "\(folder)/1.mp4")
        guard outcome.status == 0 else { throw RunFailure(outcome.errors) }
        return Report(index: index, page: page, outcome: outcome)
    }

    struct Report {
        var index: TestIndex
        var page: String
        var outcome: Running.Outcome
    }

    func text() throws -> String { try String(contentsOfFile: Self.report.get().page, encoding: .utf8) }

    /// Elements and attributes in the order met; nil where the text is not well-formed.
    final class Elements: NSObject, XMLParserDelegate {
        var list: [(name: String, attributes: [String: String])] = []
        var text = ""

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            list.append((name, attributes))
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
    }

    func elements() throws -> Elements {
        let elements = Elements()
        let parser = XMLParser(data: Data(try text().utf8))
        parser.delegate = elements
        try #require(parser.parse(), "\(String(describing: parser.parserError))")
        return elements
    }

    @Test func thePageHoldsAllItShows() throws {
        let elements = try elements()
        let addresses = elements.list.flatMap { element in
            ["src", "href", "data", "action", "poster", "srcset"].compactMap { element.attributes[$0] }
        }
        #expect(addresses.count > 8 && addresses.allSatisfy { $0.hasPrefix("data:") })
        #expect(
            !elements.list.contains { ["script", "iframe", "object", "embed", "form"].contains($0.name) })
        #expect(!elements.list.contains { $0.attributes.keys.contains { $0.hasPrefix("on") } })
        let style = try text().firstMatch(of: #/(?s)<style>(.*?)</style>/#)?.output.1 ?? ""
        #expect(!style.isEmpty && !style.contains("url(") && !style.contains("@import"))
        #expect(try text().contains("default-src 'none'"))
    }

    @Test func itIsForReadersOfAllKinds() throws {
        let elements = try elements()
        #expect(elements.list.first { $0.name == "html" }?.attributes["lang"] == "en")
        let pictures = elements.list.filter { $0.name == "img" }
        // Both ends of four matches whose file is there, one end of the other, the query and its examples.
        #expect(pictures.count == 4 * 2 + 1 + 3)
        #expect(
            pictures.allSatisfy { $0.attributes["alt"]?.isEmpty == false && $0.attributes["width"] != nil })
        #expect(
            elements.list.filter { $0.name == "svg" }.allSatisfy {
                $0.attributes["aria-hidden"] == "true" || $0.attributes["aria-label"]?.isEmpty == false
            })
        let headings = elements.list.map(\.name).filter { ["h1", "h2", "h3", "h4"].contains($0) }
        #expect(headings == ["h1", "h2"] + Array(repeating: "h3", count: 5))
        #expect(elements.text.contains("no such file"), "a match without its file says why it has no picture")
        let ids = elements.list.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
    }

    @Test func namesOfFilesAreTextAndNothingElse() throws {
        let elements = try elements()
        #expect(elements.text.contains("<img src=x onerror=alert(1)> \\u{202e}4pm.mp4"))
        #expect(elements.text.contains("<b>\"quoted\" & 'so'<_b>/"))
        // The model has no scores, which alone are bold.
        #expect(!elements.list.contains { $0.name == "b" })
        #expect(try !text().contains("\u{202E}") && !text().contains("<img src=x"))
    }

    @Test func theTableIsPrintedAllTheSame() throws {
        let outcome = try Self.report.get().outcome
        #expect(outcome.output.contains("distance") && outcome.errors.contains("wrote "))
        let index = try Self.report.get().index
        let failed = try index.run("search", index.material.video(0), "--html", "/no/such/folder/report.html")
        #expect(failed.status == 1 && failed.errors.contains("/no/such/folder/report.html"))
    }

    @Test func severalQueriesShareAPage() throws {
        let index = try Self.report.get().index
        let page = index.folder.path + "/several.html"
        let videos = [6, 7].map(index.material.video)
        let outcome = try index.run("search", videos[0], videos[1], "--json", "--limit", "1", "--html", page)
        #expect(outcome.status == 0 && outcome.lines.count == 2, "\(outcome.errors)")
        let text = try String(contentsOfFile: page, encoding: .utf8)
        #expect(text.contains("video06.mp4") && text.contains("video07.mp4"))
        #expect(XMLParser(data: Data(text.utf8)).parse())
    }

    /// Of copies of one file, one of them with a hostile name; and of an index without any.
    static let duplicates = Result<Report, any Error> {
        let index = try TestIndex()
        let folder = index.folder.path + "/videos"
        let evil = "\(folder)/\(hostile)"
        try FileManager.default.createDirectory(
            atPath: NSString(string: evil).deletingLastPathComponent, withIntermediateDirectories: true)
        for path in [evil, "\(folder)/a.mp4"] {
            try FileManager.default.copyItem(atPath: index.material.video(3), toPath: path)
        }
        try FileManager.default.copyItem(atPath: index.material.video(20), toPath: "\(folder)/other.mp4")
        let indexed = try index.run("index", folder)
        guard indexed.status == 0 else { throw RunFailure(indexed.errors) }
        let page = index.folder.path + "/duplicates.html"
        let outcome = try index.run("duplicates", "--max-distance", "0", "--html", page)
        guard outcome.status == 0 else { throw RunFailure(outcome.errors) }
        return Report(index: index, page: page, outcome: outcome)
    }

    @Test func groupsOfDuplicatesAreAPageToo() throws {
        let report = try Self.duplicates.get()
        let text = try String(contentsOfFile: report.page, encoding: .utf8)
        let elements = Elements()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = elements
        #expect(parser.parse())
        #expect(elements.list.filter { $0.name == "img" }.count == 2)
        #expect(elements.list.filter { $0.attributes["class"] == "kept" }.count == 1)
        #expect(elements.text.contains("1 group of duplicates") && elements.text.contains("a.mp4"))
        #expect(elements.text.contains("<img src=x onerror=alert(1)> \\u{202e}4pm.mp4"))
        #expect(!elements.text.contains("other.mp4"))
    }

    @Test(
        .enabled(if: Chromium.path != nil, "chromium is not installed: apt-get install chromium"),
        arguments: [1200, 400])
    func theirPageFitsItsWindowWithoutAWord(width: Int) throws {
        let report = try Self.duplicates.get()
        let visit = try Chromium.visit(report.page, width: width, "--dump-dom")
        #expect(visit.status == 0 && visit.console == [])
        let measured = try Chromium.measure(
            report.page, width: width, in: report.index.folder,
            script: "innerWidth, document.documentElement.scrollWidth, document.images.length")
        #expect(measured.map { Int($0) ?? -1 } == [width, width, 2])
    }

    // MARK: - In a browser

    @Test(
        .enabled(if: Chromium.path != nil, "chromium is not installed: apt-get install chromium"),
        arguments: [(1200, false), (400, true)])
    func aBrowserHasNothingToSay(width: Int, isDark: Bool) throws {
        let report = try Self.report.get()
        let picture = "\(report.index.folder.path)/screenshot-\(width).png"
        let visit = try Chromium.visit(report.page, width: width, isDark: isDark, "--screenshot=\(picture)")
        #expect(visit.status == 0)
        #expect(visit.console == [])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: picture))
        #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) && bytes.count > 20_000)
    }

    /// The test of the test: what a browser says of a page is heard.
    @Test(.enabled(if: Chromium.path != nil, "chromium is not installed: apt-get install chromium"))
    func aBrowsersWordsAreHeard() throws {
        let folder = try TemporaryFolder()
        let page = folder.path + "/wrong.html"
        let policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\" />"
        try "<!DOCTYPE html><html><head>\(policy)</head><body><img src='x.png' /></body></html>"
            .write(toFile: page, atomically: false, encoding: .utf8)
        #expect(try !Chromium.visit(page, width: 400, "--dump-dom").console.isEmpty)
    }

    @Test(
        .enabled(if: Chromium.path != nil, "chromium is not installed: apt-get install chromium"),
        arguments: [1200, 400])
    func thePageFitsItsWindow(width: Int) throws {
        let report = try Self.report.get()
        let measured = try Chromium.measure(
            report.page, width: width, in: report.index.folder,
            script: """
                innerWidth, document.documentElement.scrollWidth,
                Math.min(...Array.from(document.images, i => i.getBoundingClientRect().width)),
                Array.from(document.images).filter(i => !i.complete || i.naturalWidth == 0).length,
                Math.min(...Array.from(document.querySelectorAll('p, dd, dt, h1, h3, figcaption'),
                e => parseFloat(getComputedStyle(e).fontSize)))
                """
        ).map { Double($0) ?? -1 }
        try #require(measured.count == 5, "\(measured)")
        #expect(measured[0] == Double(width))
        #expect(measured[1] <= Double(width), "nothing is wider than the window")
        #expect(measured[2] >= 100, "pictures are large enough to be seen")
        #expect(measured[3] == 0, "every picture is shown")
        #expect(measured[4] >= 12)
    }

    @Test(.enabled(if: Chromium.path != nil, "chromium is not installed: apt-get install chromium"))
    func itIsLightOrDarkAsTheReaderPrefers() throws {
        let report = try Self.report.get()
        let script = """
            getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
            getComputedStyle(document.querySelector('.path')).color, getComputedStyle(document.querySelector('.card')).backgroundColor
            """
        var grounds: [Double] = []
        for isDark in [false, true] {
            let colours = try Chromium.measure(
                report.page, width: 800, isDark: isDark, in: report.index.folder, script: script
            ).map(Self.luminance)
            try #require(colours.count == 4)
            grounds.append(colours[0])
            // WCAG's contrast for text, here also of the faintest.
            #expect(Self.contrast(colours[0], colours[1]) >= 7)
            #expect(Self.contrast(colours[2], colours[3]) >= 4.5)
        }
        #expect(grounds[0] > 0.7 && grounds[1] < 0.1)
    }

    /// Relative luminance of "rgb(r, g, b)" (WCAG 2).
    private static func luminance(_ colour: String) -> Double {
        let numbers = colour.split { !"0123456789.".contains($0) }.compactMap { Double($0) }
        guard numbers.count >= 3 else { return .nan }
        let linear = numbers.prefix(3).map { value -> Double in
            let share = value / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    private static func contrast(_ a: Double, _ b: Double) -> Double {
        (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }
}
