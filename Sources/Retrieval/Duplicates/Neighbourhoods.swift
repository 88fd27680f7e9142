import Distributions

/// How far videos agree with all that they were held against.
struct Neighbourhoods {
    private var agreements: [Int: Agreement.Neighbours] = [:]

    init(_ pairs: [(NodePair, Agreement?)]) {
        var all: [Int: [Agreement]] = [:]
        for case (let pair, let agreement?) in pairs {
            all[pair.first, default: []].append(agreement)
            all[pair.second, default: []].append(agreement)
        }
        agreements = all.mapValues(Agreement.Neighbours.init)
    }

    /// Of the two videos of a pair, each without the other, what is more.
    func around(_ pair: NodePair, _ agreement: Agreement) -> Agreement.Common {
        let sides = [pair.first, pair.second].compactMap { agreements[$0]?.common(without: agreement) }
        return sides.max { $0.change < $1.change } ?? Agreement.Common()
    }
}
