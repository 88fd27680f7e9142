import Base
import Retrieval

extension DuplicateGroup {
    /// The group with the members that the rules admit beside the one to keep; nil where none is left. Further names of one file
    /// (hard links) are no copies of it, and not members.
    func listed(by rules: KeepRules) -> DuplicateGroup? {
        guard let kept = members.first(where: \.isKept) else { return nil }
        var names: Set<FileMark> = []
        var group = self
        group.members = members.filter { member in
            guard member.isKept || rules.admits(member.video.identity.path, for: kept.video.identity.path)
            else {
                return false
            }
            guard let status = FileStatus(path: member.video.identity.path), status.links > 1 else {
                return true
            }
            return names.insert(status.mark).inserted
        }
        group.largestDistance = group.members.map(\.distance).max() ?? 0
        return group.members.count > 1 ? group : nil
    }
}
