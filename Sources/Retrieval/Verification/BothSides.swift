import Distributions
import Indexing

/// Among many strangers one comes to lie on a query by chance, the likelier the less there is to compare. Seen from the other side, with
/// other pictures and from another start, it seldom does so again.
extension SearchEngine {
    /// Looks at the matches that may share footage from their side too, and keeps the mean of what both said.
    func lookFromBothSides(
        _ matches: inout [Match], _ pictures: PictureTrack, _ judge: FootageJudge,
        _ isCancelled: @Sendable () -> Bool
    ) throws(SearchError) {
        let candidates = matches
        let near = candidates.indices.filter {
            judge.maySay(candidates[$0].distance, candidates[$0].verification)
        }
        let seen = try each(of: near, isCancelled) {
            (place) throws(IndexError) -> (place: Int, agreement: Agreement)? in
            let match = candidates[place]
            guard let found = match.verification.agreement,
                let target = try self.index.pictures(of: match.video)
            else { return nil }
            let segment =
                match.segments.first { $0.agreement == found } ?? .whole(pictures, target)
            return (place, Verifier().fromBothSides(found, pictures, target, along: segment))
        }
        for (place, agreement) in seen {
            let looked = matches[place].segments.firstIndex {
                $0.agreement == matches[place].verification.agreement
            }
            matches[place].verification = .agreement(agreement)
            if let looked { matches[place].segments[looked].agreement = agreement }
        }
    }
}

extension Verifier {
    /// The mean of an agreement that was found and of what is found with query and target in each other's place.
    func fromBothSides(
        _ found: Agreement, _ query: PictureTrack, _ target: PictureTrack, along segment: AlignedSegment
    ) -> Agreement {
        agreement(target, query, along: segment.reversed).map { found.mean(withReversed: $0) } ?? found
    }
}
