/// What a clip tells by being rare.
///
/// A clip that many videos show, such as an intro, tells none of them from the others: it says less the more videos
/// have the same, beyond what is usual for the video that it is of.
enum ClipRarity {
    /// Clips within this share of the distance up to which clips correspond are the same but for their encoding.
    static let same = 0.125

    /// From how many other videos show each clip of one video: 1 up to what is usual for it, one more than the (lower) median, and
    /// 0 from twice that. An original and two copies of it are always usual.
    static func shares(_ counts: [Int]) -> [Double] {
        guard !counts.isEmpty else { return [] }
        let usual = Double(max(3, counts.sorted()[(counts.count - 1) / 2] + 1))
        return counts.map { min(1, max(0, 2 - Double($0) / usual)) }
    }
}
