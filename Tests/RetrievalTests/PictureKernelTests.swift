import CDistance
import Distributions
import Testing

/// The comparison of pictures, against its definition written out, and every instruction set against the others.
@Suite struct PictureKernelTests {
    private static let side = Int(MIXTAPE_SIDE)
    private static let count = 6

    private struct Pictures {
        var query: [Float]
        var target: [Float]
        let chosen: [Int32] = [0, 2, 3, 5]
        let found: [Int32] = [1, 0, 4, 3]
        let shares: [Float] = [0, 0.25, 0.5, 0.875]

        init() {
            var generator = SeededGenerator(seed: 3)
            func pictures(_ count: Int) -> [Float] {
                (0..<count * side * side).map { _ in Float(generator.next() >> 56) }
            }
            query = pictures(PictureKernelTests.count)
            target = pictures(PictureKernelTests.count)
        }
    }

    private static func axis(_ scale: Double, _ shift: Double, mirrored: Bool = false) -> mixtape_axis {
        var axis = mixtape_axis()
        mixtape_make_axis(scale, shift, mirrored ? 1 : 0, &axis)
        return axis
    }

    private static func floats<T>(_ value: T) -> [Float] {
        withUnsafeBytes(of: value) { Array($0.bindMemory(to: Float.self)) }
    }

    private func sums(
        _ pictures: Pictures, _ across: mixtape_axis, _ down: mixtape_axis, _ variant: mixtape_variant
    ) -> [Float] {
        var sums = mixtape_picture_sums()
        withUnsafePointer(to: across) { across in
            withUnsafePointer(to: down) { down in
                mixtape_compare_pictures(
                    variant, pictures.query, pictures.target, pictures.chosen, pictures.found,
                    pictures.shares, pictures.chosen.count, across, down, &sums)
            }
        }
        return Self.floats(sums)
    }

    /// In double precision, cell by cell.
    private func naive(_ pictures: Pictures, _ across: mixtape_axis, _ down: mixtape_axis) -> [Double] {
        let side = Self.side
        let (acrossInside, downInside) = (Self.floats(across.inside), Self.floats(down.inside))
        let (acrossWeights, downWeights) = (Self.floats(across.weights), Self.floats(down.weights))
        var result = [Double](repeating: 0, count: 6)
        var stills = [[Double]](repeating: [Double](repeating: 0, count: side * side), count: 2)
        for pair in pictures.chosen.indices {
            let own = Int(pictures.chosen[pair]) * side * side
            let other = Int(pictures.found[pair]) * side * side
            var cells: [(place: Int, p: Double, q: Double)] = []
            for y in 0..<side where downInside[y] > 0 {
                for x in 0..<side where acrossInside[x] > 0 {
                    var q = 0.0
                    for row in 0..<side {
                        for column in 0..<side {
                            let weight = Double(
                                downWeights[side * row + y] * acrossWeights[side * column + x])
                            let place = other + side * row + column
                            let share = Double(pictures.shares[pair])
                            let next = share > 0 ? Double(pictures.target[place + side * side]) : 0
                            q += weight * ((1 - share) * Double(pictures.target[place]) + share * next)
                        }
                    }
                    cells.append((side * y + x, Double(pictures.query[own + side * y + x]), q))
                }
            }
            let meanP = cells.reduce(0.0) { $0 + $1.p } / Double(cells.count)
            let meanQ = cells.reduce(0.0) { $0 + $1.q } / Double(cells.count)
            for (place, p, q) in cells {
                let (a, b) = (p - meanP, q - meanQ)
                result[0] += a * a
                result[1] += b * b
                result[2] += a * b
                stills[0][place] += a
                stills[1][place] += b
            }
        }
        for place in 0..<side * side {
            result[3] += stills[0][place] * stills[0][place]
            result[4] += stills[1][place] * stills[1][place]
            result[5] += stills[0][place] * stills[1][place]
        }
        return result
    }

    @Test(arguments: [
        (1.0, 0.0, false), (1.0, 0.0, true), (0.8, 0.1, false), (1.25, -0.05, true), (0.5, 0.4, true),
    ])
    func itIsTheDefinition(scale: Double, shift: Double, mirrored: Bool) {
        let pictures = Pictures()
        let (across, down) = (Self.axis(scale, shift, mirrored: mirrored), Self.axis(scale * 1.1, -shift))
        let expected = naive(pictures, across, down)
        let energy = max(expected[0], expected[1])
        let portable = sums(pictures, across, down, MIXTAPE_PORTABLE)
        for (value, right) in zip(portable, expected) { #expect(abs(Double(value) - right) < 1e-4 * energy) }
        for variant in [MIXTAPE_AVX2, MIXTAPE_AVX512] where mixtape_variant_supported(variant) {
            #expect(sums(pictures, across, down, variant).map(\.bitPattern) == portable.map(\.bitPattern))
        }
    }

    @Test func aPictureOnItselfLiesCellOnCell() {
        let axis = Self.axis(1, 0)
        let (weights, side) = (Self.floats(axis.weights), Self.side)
        for row in 0..<side {
            for cell in 0..<side { #expect(weights[side * row + cell] == (row == cell ? 1 : 0)) }
        }
        #expect(Self.floats(axis.inside).allSatisfy { $0 == 1 })
        // Nothing lies in a target that is far away, or nowhere.
        for (scale, shift) in [(1, 5), (.nan, 0), (1, .infinity)] as [(Double, Double)] {
            #expect(Self.floats(Self.axis(scale, shift).inside).allSatisfy { $0 == 0 })
        }
    }
}
