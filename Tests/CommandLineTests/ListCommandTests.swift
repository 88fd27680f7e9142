import Foundation
import Testing
import TestSupport

/// `mixtape list`.
@Suite struct ListCommandTests {
    @Test func everyVideoIsALine() throws {
        let index = try CommandTests.indexed.get()
        let all = (0..<30).map(index.material.video)
        let outcome = try index.run("list", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.lines.compactMap { $0["path"] as? String } == all)
        #expect(outcome.lines.allSatisfy { $0["clips"] as? Int == 1 && $0["width"] as? Int == 160 })
        let table = try index.run("list", "--limit", "2")
        let rows = table.output.split(separator: "\n")
        #expect(rows.count == 3 && rows[0].contains("duration") && rows[0].hasSuffix("path"))
        #expect(rows[1].contains("0:02.0") && rows[1].contains("160×120") && rows[1].hasSuffix(all[0]))
    }

    @Test func filtersOrderAndLimitAreThoseOfTheProtocolAndTheSearch() throws {
        let index = try CommandTests.indexed.get()
        func listed(_ options: String...) throws -> [String] {
            let outcome = try Running.run(["list", "--json"] + options + index.options)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return outcome.lines.compactMap { $0["path"] as? String }
        }
        let videos = index.material.video
        #expect(try listed("--text", "VIDEO03") == [videos(3)])
        #expect(try listed("--path", "video0[3-5]*", "--not-path", "*4.mp4") == [videos(3), videos(5)])
        #expect(try listed("--descending", "--limit", "2") == [videos(29), videos(28)])
        #expect(try listed("--min-size", "1GB").isEmpty)
        #expect(try listed("--max-size", "10MB", "--path", "video1*", "--limit", "3").count == 3)
        let sizes = try Running.run(["list", "--json", "--order", "size"] + index.options).lines.compactMap {
            $0["size"] as? Int
        }
        #expect(sizes.count == 30 && sizes == sizes.sorted())
    }

    @Test func nothingToListIsSaid() throws {
        let index = try CommandTests.indexed.get()
        let none = try index.run("list", "--text", "nowhere")
        #expect(none.status == 0 && none.output == "" && none.errors == "no videos\n")
        #expect(try index.run("list", "--limit", "0").status == 64)
        #expect(try index.run("list", "--order", "name").status == 64)
    }
}
