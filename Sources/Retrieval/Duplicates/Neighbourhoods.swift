import VideoDecoding

/// How far videos agree with all that they were held against.
struct Neighbourhoods {
    private var agreements: [Int: [(other: Int, agreement: Agreement)]] = [:]

    init(_ pairs: [(NodePair, Agreement?)]) {
        for case (let pair, let agreement?) in pairs {
            agreements[pair.first, default: []].append((pair.second, agreement))
            agreements[pair.second, default: []].append((pair.first, agreement))
        }
    }

    /// Of the two videos of a pair, each without the other, what is more.
    func around(_ pair: NodePair) -> Agreement.Common {
        func common(_ node: Int, without other: Int) -> Agreement.Common {
            Agreement.Common((agreements[node] ?? []).filter { $0.other != other }.map(\.agreement))
        }
        let (first, second) = (
            common(pair.first, without: pair.second), common(pair.second, without: pair.first)
        )
        return first.change > second.change ? first : second
    }
}
