import Foundation
import Testing
import TestSupport

/// `mixtape watch` and the service's `watch`, as users run them.
@Suite struct WatchCommandTests {
    private func waits(_ condition: () throws -> Bool) -> Bool {
        eventually(every: 0.02) { (try? condition()) == true }
    }

    private func folder(of index: TestIndex, _ numbers: Int...) throws -> String {
        let folder = index.folder.path + "/watched"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for number in numbers { try copy(number, of: index, to: "\(folder)/\(number).mp4") }
        return folder
    }

    private func copy(_ number: Int, of index: TestIndex, to path: String) throws {
        try FileManager.default.copyItem(atPath: index.material.video(number), toPath: path)
        // A file of this very moment might be half a copy, and would be waited for.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)], ofItemAtPath: path)
    }

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func theIndexFollowsUntilASignalEndsIt(signal: Int32, status: Int32) throws {
        let index = try TestIndex()
        let folder = try folder(of: index, 0, 1)
        let watch = try Running(["watch", folder, "--quiet", "0.2", "--json"] + index.options)
        #expect(waits { try index.ready() == 2 })
        try FileManager.default.createDirectory(atPath: folder + "/new", withIntermediateDirectories: true)
        try copy(2, of: index, to: folder + "/new/2.mp4")
        #expect(waits { try index.ready() == 3 })
        try FileManager.default.removeItem(atPath: folder + "/0.mp4")
        #expect(waits { try index.ready() == 2 })
        // Others may write in between.
        #expect(try index.run("remove", folder + "/1.mp4").status == 0)
        watch.send(signal)
        let outcome = try watch.outcome()
        #expect(outcome.status == status)
        #expect(outcome.errors.contains("watching 1 folder"))
        let lines = outcome.lines
        #expect(lines.first?["indexed"] as? Int == 2)
        #expect(lines.compactMap { $0["indexed"] as? Int }.reduce(0, +) == 3)
        #expect(lines.compactMap { $0["removed"] as? Int }.reduce(0, +) == 1)
    }

    @Test func whatIsNoFolderIsSaid() throws {
        let index = try TestIndex()
        let outcome = try index.run("watch", index.material.video(0))
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.hasPrefix("error: \(index.material.video(0)): ")
                && outcome.errors.contains("hint: "))
    }

    @Test func theServiceWatchesUntilCancelledOrTheInputEnds() throws {
        let index = try TestIndex()
        let folder = try folder(of: index, 0)
        let service = try Conversation(["serve"] + index.options)
        func request(_ id: Int, _ method: String, _ params: String) {
            service.say(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#)
        }
        /// The next message that the test wants.
        func next(_ wanted: ([String: Any]) -> Bool) -> [String: Any]? {
            for _ in 0..<500 {
                guard let message = service.next() else { return nil }
                if wanted(message) { return message }
            }
            return nil
        }
        func finished(_ message: [String: Any]) -> Bool {
            (message["params"] as? [String: Any])?["phase"] as? String == "finished"
        }
        request(1, "watch", #"{"folders":["\#(folder)"],"quiet":0.2}"#)
        #expect((next(finished)?["params"] as? [String: Any])?["indexed"] as? Int == 1)
        try copy(1, of: index, to: folder + "/1.mp4")
        #expect((next(finished)?["params"] as? [String: Any])?["indexed"] as? Int == 1)
        request(2, "cancel", #"{"id":1}"#)
        let ended = next { $0["id"] as? Int == 1 && $0["error"] != nil }
        #expect((ended?["error"] as? [String: Any])?["code"] as? Int == -32030)
        request(3, "watch", #"{"folders":["\#(folder)"]}"#)
        #expect(next(finished) != nil)
        #expect(service.end() == 0)
    }
}
