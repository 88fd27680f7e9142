import Foundation
import Testing
import TestSupport

/// The page of `serve --http` as a browser shows it to whoever has just begun; `tools/break/browse` goes on from there.
@Suite(.enabled(if: Chromium.path != nil, "there is no Chromium")) struct FirstVisitTests {
    /// The sections that are not hidden, and their words.
    private struct Sight {
        var sections: [String]
        var words: String

        init(_ index: TestIndex, _ options: String..., page: String = "") throws {
            let service = try Running(["serve", "--http", "127.0.0.1:0"] + options + index.options)
            defer {
                service.send(SIGTERM)
                service.send(SIGTERM)
                service.process.waitUntilExit()
            }
            #expect(service.says("listening"))
            let port = try #require(service.errorsSoFar.firstMatch(of: #/127\.0\.0\.1:(\d+)/#)?.output.1)
            let visit = try Chromium.visit(
                "http://127.0.0.1:\(port)/\(page)", width: 1000, "--virtual-time-budget=5000", "--dump-dom")
            // The dialog that asks for the token is meant for no name.
            let said = visit.console.filter { !$0.contains("[DOM] Password forms") }
            #expect(said.isEmpty, "\(said)")
            let dom = visit.output
            sections = dom.matches(of: #/<section id="page-([a-z]+)"([^>]*)>/#)
                .filter { !$0.output.2.contains("hidden") }.map { String($0.output.1) }
            let shown = sections.first.flatMap {
                dom.components(separatedBy: "<section id=\"page-\($0)\"").last
            }
            words = shown?.components(separatedBy: "</section>").first ?? ""
        }
    }

    @Test func withoutAnIndexThePageLeadsOn() throws {
        let index = try TestIndex()
        // Whatever page is asked for.
        for page in ["", "#library", "#index"] {
            let bare = try Sight(index, page: page)
            #expect(bare.sections == ["first"], "\(page)")
            #expect(bare.words.contains("mixtape index FOLDER</code>"))
            #expect(bare.words.contains(#"<div id="first-folders" hidden="">"#))
            #expect(!bare.words.contains("error"))
        }
        let offered = try Sight(index, "--root", index.material.videos)
        #expect(offered.sections == ["first"])
        #expect(offered.words.contains(index.material.videos) && offered.words.contains("Index this folder"))
        #expect(offered.words.contains(#"<div id="first-command" hidden="">"#))
        #expect(try index.run("index", index.material.video(0)).status == 0)
        let indexed = try Sight(index)
        #expect(indexed.sections == ["search"])
    }
}
