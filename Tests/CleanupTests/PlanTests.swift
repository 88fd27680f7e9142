import Base
import Cleanup
import Foundation
import Indexing
import Retrieval
import TestSupport
import Testing

/// What a plan says, how it is written and read, and what is planned for a group.
@Suite struct PlanTests {
    static let digits = String(repeating: "ab", count: 32)

    func step(_ name: String = "/v/a", keep: String = "/v/b", score: Double = 1) -> PlanStep {
        PlanStep(
            file: SeenFile(
                path: name, size: 10, modified: 1_700_000_000_123_456_789, fingerprint: Self.digits),
            action: .move("/elsewhere"),
            kept: SeenFile(path: keep, size: 20, modified: -5, fingerprint: Self.digits),
            reason: "7.0 s \"shorter\"", score: score, shown: 0.95, bytesFreed: 10,
            interval: TimeRange(start: 1.5, stop: 8), leftOut: nil)
    }

    @Test func whatIsWrittenReadsBackTheSame() throws {
        var plan = CleanupPlan(steps: [step(), step("/v/c", score: 0.875)])
        plan.excerpts = [step("/v/é \u{1F3AC}")]
        var other = step("/v/d")
        other.leftOut = "too short"
        plan.leftOut = [other]
        let read = try CleanupPlan(bytes: Array(plan.text.utf8), path: "plan")
        #expect(read == plan)
        #expect(plan.expectedMistakes == 0.125 && plan.bytesFreed == 20)
        #expect(plan.text.contains("\n  \"expected_mistakes\": 0.125,\n"))
        for action in ["trash", "move=/a", "hardlink", "reflink", "symlink", "delete"] {
            #expect(CleanupAction(action)?.text == action)
        }
        #expect(CleanupAction("move=") == nil && CleanupAction("remove") == nil)
    }

    @Test(arguments: [
        ("\"/v/a\"", "\"v/a\"", "\"file\" is wrong"), ("\"/v/a\"", "\"/v/../a\"", "\"file\" is wrong"),
        ("\"/v/a\"", "\"/v/b\"", "are the same"),
        ("\"action\"", "\"aciton\"", "nothing is known of \"aciton\""),
        ("move=/elsewhere", "burn", "\"action\" is wrong"),
        ("move=/elsewhere", "move=here", "an absolute path"),
        ("\"score\": 1.0", "\"score\": 2", "\"score\" is wrong"), ("\"size\": 10", "\"sise\": 10", "sise"),
        ("\"mixtape_plan\": 1", "\"mixtape_plan\": 2", "another version"), ("\"steps\"", "\"step\"", "steps"),
    ])
    func mistakesAreNamed(from: String, to: String, words: String) {
        let text = CleanupPlan(steps: [step()]).text.replacing(from, with: to)
        do {
            _ = try CleanupPlan(bytes: Array(text.utf8), path: "the plan")
            Issue.record("\(to) was taken")
        } catch {
            #expect(
                error.message.hasPrefix("the plan: ") && error.message.contains(words), "\(error.message)")
            #expect(error.reason == .planInvalid && error.hint != nil)
        }
    }

    @Test func whatIsKeptNeverGoes() {
        for steps in [
            [step(), step()], [step(), step("/v/b", keep: "/v/c")], [step(), step("/v/c", keep: "/v/a")],
        ] {
            #expect(throws: CleanupError.self) {
                try CleanupPlan(bytes: Array(CleanupPlan(steps: steps).text.utf8), path: "plan")
            }
        }
    }

    @Test func theSchemaKnowsEveryMember() throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Repository.path + "/docs/plan.schema.json"))
        let schema = try JSONValue(parsing: Array(bytes))
        guard case .object(let members)? = schema["$defs"]?["step"]?["properties"] else {
            Issue.record("no properties")
            return
        }
        #expect(Set(members.map(\.key)) == Set(PlanStep.names))
        guard case .object(let head) = try JSONValue(parsing: CleanupPlan(steps: []).text),
            case .object(let known)? = schema["properties"]
        else {
            Issue.record("no head")
            return
        }
        #expect(Set(head.map(\.key)) == Set(known.map(\.key)))
    }

    func member(
        _ path: String, seconds: Double? = 60, content: Character = "a", share: Double = 1,
        isKept: Bool = false,
        damaged: Bool = false
    ) -> DuplicateMember {
        var facts = StreamFacts(
            container: "mp4", codec: "h264", width: 64, height: 48, duration: seconds, frameRate: 25)
        if damaged { facts.decodedShare = 0.5 }
        let identity = FileIdentity(
            path: path, fingerprint: String(repeating: content, count: 64), size: 100, modified: 1)
        return DuplicateMember(
            video: IndexedVideo(id: 1, identity: identity, facts: facts, clipCount: 1), distance: 1,
            verification: content == "a" ? nil : .unavailable, shown: share, isKept: isKept,
            reason: .lowerQuality)
    }

    func plan(
        _ members: [DuplicateMember], kept: DuplicateMember? = nil,
        _ change: (inout PlanRequest) -> Void = { _ in },
        score: @escaping (DuplicateMember) -> Double? = { _ in 0.9 }
    ) -> CleanupPlan {
        var request = PlanRequest()
        change(&request)
        let group = DuplicateGroup(members: [kept ?? member("/v/kept", isKept: true)] + members)
        return CleanupPlan([group], request, score: score)
    }

    @Test func onlyWhatIsShownByTheKeptOneGoes() {
        let all = [
            member("/v/equal"), member("/v/copy", content: "b"),
            member("/v/longer", seconds: 62, content: "c"),
            member("/v/excerpt", seconds: 20, content: "d"), member("/v/partly", content: "e", share: 0.6),
            member("/v/unknown", seconds: nil, content: "f"),
        ]
        let made = plan(all)
        #expect(made.steps.map(\.file.path) == ["/v/copy", "/v/equal"])
        #expect(made.steps.map(\.score) == [0.9, 1])
        #expect(made.excerpts.map(\.file.path) == ["/v/excerpt"])
        #expect(made.leftOut.map(\.file.path) == ["/v/longer", "/v/partly", "/v/unknown"])
        #expect(made.leftOut.allSatisfy { $0.leftOut != nil })
        #expect(plan(all) { $0.includesExcerpts = true }.steps.count == 3)
        #expect(plan(all) { $0.action = .hardlink }.steps.map(\.file.path) == ["/v/equal"])
        #expect(plan(all) { $0.maximumMistakes = 0.05 }.steps.map(\.file.path) == ["/v/equal"])
        #expect(plan(all) { $0.action = .move("/x") }.bytesFreed == 0)
        #expect(plan(all, score: { _ in nil }).steps.map(\.file.path) == ["/v/equal"])
        let damaged = member("/v/kept", isKept: true, damaged: true)
        #expect(plan(all, kept: damaged).steps.map(\.file.path) == ["/v/equal"])
    }
}
