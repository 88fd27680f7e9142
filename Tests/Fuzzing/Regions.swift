/// A file in turn damaged in each of its regions, three ways: a bit flipped, a stretch overwritten, and cut off there. Where
/// in a region is drawn by a seed.
package struct Regions: Sequence {
    /// One damage.
    package struct Damaged {
        /// Such as "byte 812, bit 3 flipped".
        package var what: String
        package var bytes: [UInt8]
    }

    private let bytes: [UInt8]
    private let count: Int
    private let seed: UInt64

    /// - Parameter count: of regions; as many as there are bytes, at most.
    package init(_ bytes: [UInt8], count: Int, seed: UInt64) {
        self.bytes = bytes
        self.count = Swift.min(count, bytes.count)
        self.seed = seed
    }

    package func makeIterator() -> AnyIterator<Damaged> {
        var state = seed
        /// SplitMix64.
        func draw(_ bound: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ (z >> 31)) % UInt64(bound))
        }
        var turn = 0
        return AnyIterator {
            guard turn < 3 * count else { return nil }
            let region = turn / 3
            let first = region * bytes.count / count
            let place = first + draw(Swift.max(1, (region + 1) * bytes.count / count - first))
            defer { turn += 1 }
            var damaged = bytes
            switch turn % 3 {
            case 0:
                let bit = draw(8)
                damaged[place] ^= 1 << UInt8(bit)
                return Damaged(what: "byte \(place), bit \(bit) flipped", bytes: damaged)
            case 1:
                let end = Swift.min(bytes.count, place + 1 + draw(64))
                for i in place..<end { damaged[i] = UInt8(draw(256)) }
                return Damaged(what: "bytes \(place) to \(end) overwritten", bytes: damaged)
            default: return Damaged(what: "cut off at \(place)", bytes: Array(bytes[..<place]))
            }
        }
    }
}
