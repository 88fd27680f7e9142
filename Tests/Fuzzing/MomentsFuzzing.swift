import Glibc
import Indexing
import Retrieval

/// `moments.bin` (first byte even) and `clips.bin` whose checksums were made right again after the damage, as only somebody
/// with a purpose does: whatever they hold, reading and ranking end, and nothing traps.
enum MomentsFuzzing {
    static let target = FuzzTarget(
        name: "moments",
        seeds: {
            var seeds: [[UInt8]] = []
            for kind in [UInt8(0), 1] {
                for place in [
                    12, 24, 192, 192 + 64, 192 + 320 + 64, 192 + 640, 192 + 700, 192 + 710, 192 + 768,
                ] {
                    seeds.append([kind] + Damage.act(1, at: place, 0xFF))
                    seeds.append([kind] + Damage.act(3, at: place, 0x80))
                }
            }
            // Numbers of the first rows, as floats and as whole ones.
            for kind in [UInt8(0), 1] {
                for place in stride(from: 192, to: 192 + 64, by: 16) {
                    for edge in Edges.doubles {
                        seeds.append([kind] + Damage.put(Float(edge).bitPattern, at: place))
                    }
                }
                for edge: UInt32 in [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF] {
                    for place in [192 + 640, 192 + 768] {
                        seeds.append([kind] + Damage.put(edge, at: place))
                    }
                }
            }
            return seeds
        },
        run: { bytes in
            var input = ByteSource(bytes)
            var files = IndexFiles.shared.states[0]
            let name = input.byte() % 2 == 0 ? "moments.bin" : "clips.bin"
            guard let place = files.firstIndex(where: { $0.name == name }) else {
                throw FuzzFailure(description: "the index has no \(name)")
            }
            let original = files[place].bytes
            Damage.apply(&input, to: &files[place].bytes)
            // Another size is found out without a look at the content.
            if files[place].bytes.count == original.count { complete(&files[place].bytes, like: original) }
            let folder = "\(Scratch.folder)/moments-damaged"
            IndexFiles.shared.lay(files, into: folder)
            do {
                let answers = try IndexFiles.answers(folder)
                for found in answers.ranking + answers.rankingByParts {
                    try must(
                        found.distance.isFinite && found.distance >= 0, "a distance of \(found.distance)")
                }
            } catch is IndexError {
            } catch is SearchError {
            }
        })

    /// Makes the checksums fit, and the header that of this index, without which no row would be looked at.
    private static func complete(_ bytes: inout [UInt8], like original: [UInt8]) {
        bytes.replaceSubrange(0..<128, with: original[..<128])
        let count = bytes.withUnsafeBytes { Int($0.load(fromByteOffset: 24, as: UInt64.self)) }
        guard let layout = MomentsLayout(count: count, dimension: IndexFiles.model.dimension) else { return }
        bytes.withUnsafeMutableBytes { raw in
            guard let base = raw.baseAddress, raw.count == layout.fileSize else { return }
            for row in 0..<count {
                base.storeBytes(
                    of: layout.checksum(ofRow: row, in: base), toByteOffset: layout.rowChecksums + row * 8,
                    as: UInt64.self)
            }
            base.storeBytes(
                of: layout.checksum(ofTailIn: base), toByteOffset: MomentsLayout.tailChecksumOffset,
                as: UInt64.self)
            base.storeBytes(
                of: layout.checksum(ofHeaderIn: base), toByteOffset: MomentsLayout.headerChecksumOffset,
                as: UInt64.self)
        }
    }
}
