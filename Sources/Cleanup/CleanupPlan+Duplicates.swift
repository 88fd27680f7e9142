import Base
import Indexing
import Library
import Retrieval

/// What is wanted of a plan.
public struct PlanRequest: Sendable, Equatable {
    /// What becomes of each file.
    public var action = CleanupAction.trash
    /// The least certain files are left out until no more than so many mistakes are to be expected; nil for all.
    public var maximumMistakes: Double?
    /// Whether excerpts of longer videos go, too.
    public var includesExcerpts = false

    /// The defaults.
    public init() {}
}

extension CleanupPlan {
    /// The least that must have been found, in the kept one, of what a file shows.
    private static let leastShown = 0.9

    /// A plan for all groups that were found.
    public init(_ response: DuplicatesResponse, _ request: PlanRequest) {
        self.init(response.found.groups, request, score: response.score(of:))
    }

    /// - Parameter score: of a member and the one to keep, whose content is another; nil where the model has none.
    package init(
        _ groups: [DuplicateGroup], _ request: PlanRequest, score: (DuplicateMember) -> Double?
    ) {
        self.init(steps: [])
        for group in groups {
            guard let kept = group.members.first(where: \.isKept) else { continue }
            for member in group.members where !member.isKept {
                var step = PlanStep(
                    file: SeenFile(member.video), action: request.action, kept: SeenFile(kept.video),
                    reason: group.explanation(of: member),
                    score: member.verification == nil ? 1 : score(member) ?? 0,
                    shown: member.shown, bytesFreed: Self.bytesFreed(member.video, request.action),
                    interval: member.containment?.interval)
                step.leftOut = Self.problem(member, kept, step)
                if step.leftOut != nil {
                    leftOut.append(step)
                } else if !request.includesExcerpts, Self.isLonger(kept.video, than: member.video) {
                    excerpts.append(step)
                } else {
                    steps.append(step)
                }
            }
        }
        if let most = request.maximumMistakes { leaveOutUncertain(most) }
        steps.sort(by: Self.precedes)
        excerpts.sort(by: Self.precedes)
        leftOut.sort(by: Self.precedes)
    }

    /// Why nothing may become of a member, or nil.
    private static func problem(
        _ member: DuplicateMember, _ kept: DuplicateMember, _ step: PlanStep
    )
        -> String?
    {
        if [member, kept].contains(where: { ChosenStream.number(in: $0.video.identity.fingerprint) != nil }) {
            return "one of several films in a file was compared"
        }
        // Nothing is lost of a content that stays.
        if step.file.fingerprint == step.kept.fingerprint { return nil }
        if step.action.needsEqualBytes { return "no link can stand for it: the contents differ" }
        if kept.video.facts.isDamaged { return "the kept file is damaged" }
        guard let own = member.video.facts.duration, let other = kept.video.facts.duration else {
            return "of unknown length"
        }
        if isLonger(member.video, than: kept.video) {
            return "\((own - other).fixed(1)) s longer than the kept file"
        }
        if step.score == 0 { return "the model has no scores: --max-distance alone says too little" }
        if member.shown < leastShown {
            return "only \(Int(member.shown * 100)) % of it was found in the kept file"
        }
        return nil
    }

    /// By more than a re-encoding adds or loses.
    private static func isLonger(_ video: IndexedVideo, than other: IndexedVideo) -> Bool {
        guard let own = video.facts.duration, let seconds = other.facts.duration else { return false }
        return seconds < min(own - 1, own * 0.98)
    }

    /// A file with further names keeps its bytes under those.
    private static func bytesFreed(_ video: IndexedVideo, _ action: CleanupAction) -> Int64 {
        guard action.freesBytes else { return 0 }
        return FileStatus(path: video.identity.path).map { $0.links > 1 } ?? false ? 0 : video.identity.size
    }

    private mutating func leaveOutUncertain(_ most: Double) {
        let byScore = steps.sorted { ($0.score, PathKey($0.file.path)) > ($1.score, PathKey($1.file.path)) }
        steps = []
        var expected = 0.0
        for var step in byScore {
            expected += 1 - step.score
            if expected <= most {
                steps.append(step)
            } else {
                step.leftOut = "too uncertain for --max-mistakes"
                leftOut.append(step)
            }
        }
    }

    private static func precedes(_ a: PlanStep, _ b: PlanStep) -> Bool {
        let (kept, other) = (PathKey(a.kept.path), PathKey(b.kept.path))
        return kept == other ? PathKey(a.file.path) < PathKey(b.file.path) : kept < other
    }
}

extension SeenFile {
    fileprivate init(_ video: IndexedVideo) {
        self.init(
            path: video.identity.path, size: video.identity.size, modified: video.identity.modified,
            fingerprint: ChosenStream.content(of: video.identity.fingerprint))
    }
}
