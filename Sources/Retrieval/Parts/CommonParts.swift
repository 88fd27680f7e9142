import Indexing

/// Openings, titles and endings are shared by videos that are no copies of each other. Where a query and a match share a small part,
/// other videos are looked at for the same part.
extension SearchEngine {
    /// What corresponds in less of either video is a part.
    private static let leastShare = 0.5
    /// Other videos that are looked at, the nearest; and how many of them say anything.
    private static let mostOthers = 8
    private static let fewestOthers = 3

    /// Notes in the agreement of matches that share a part how far other videos agree with the query there: most openings begin
    /// at the same time in all.
    func compareParts(
        _ matches: inout [Match], _ pictures: PictureTrack, _ judge: FootageJudge,
        _ isCancelled: @Sendable () -> Bool
    ) throws(SearchError) {
        let sharing = matches.indices.filter { judge.shares(matches[$0].distance, matches[$0].verification) }
        let parts = sharing.compactMap { place -> (place: Int, segment: AlignedSegment)? in
            let match = matches[place]
            guard let found = match.verification.agreement,
                let segment = match.segments.first(where: { $0.agreement == found })
            else { return nil }
            let share = max(
                segment.query.duration / pictures.extent.duration,
                segment.target.duration / (match.video.facts.duration ?? .infinity))
            return share < Self.leastShare ? (place, segment) : nil
        }
        guard !parts.isEmpty else { return }
        let copies = Set(sharing).subtracting(parts.map(\.place))
        let nearest = matches.indices.filter { !copies.contains($0) }
            .sorted { matches[$0].distance < matches[$1].distance }.prefix(Self.mostOthers + 1)
        let candidates = matches
        let others = try each(of: Array(nearest), isCancelled) {
            (place) throws(IndexError) -> (place: Int, track: PictureTrack)? in
            try self.index.pictures(of: candidates[place].video).map { (place, $0) }
        }
        let common = try each(of: parts, isCancelled) {
            (part: (place: Int, segment: AlignedSegment)) throws(IndexError) -> (place: Int, change: Double)?
            in
            let changes = others.filter { $0.place != part.place }.prefix(Self.mostOthers).map {
                Verifier().agreement(pictures, $0.track, along: part.segment)?.change ?? 0
            }.sorted()
            return changes.count < Self.fewestOthers ? nil : (part.place, changes[(changes.count - 1) / 2])
        }
        for (place, change) in common {
            guard var own = matches[place].verification.agreement else { continue }
            let looked = matches[place].segments.firstIndex { $0.agreement == own }
            own.common.change = max(own.common.change, change)
            matches[place].verification = .agreement(own)
            if let looked { matches[place].segments[looked].agreement = own }
        }
    }
}
