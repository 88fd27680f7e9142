import Base
import Glibc

/// A reproducible random generator: xoshiro256** (Blackman and Vigna, 2018), its 256-bit state filled by
/// SplitMix64 from a 64-bit seed. The same seed gives the same integers on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Seeds from a number; every number, 0 too, is a good seed.
    public init(seed: UInt64) {
        var splitMix = seed
        func next() -> UInt64 {
            splitMix &+= 0x9E37_79B9_7F4A_7C15
            var z = splitMix
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        state = (next(), next(), next(), next())
    }

    /// Seeds from text, such as a content fingerprint: the seed is FNV-1a (64 bits) over its UTF-8 bytes.
    public init(seed text: String) {
        var hash = FNVChecksum()
        hash.addBytes(text)
        self.init(seed: hash.value)
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        let times5 = state.1 &* 5
        let result = ((times5 << 7) | (times5 >> 57)) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = (state.3 << 45) | (state.3 >> 19)
        return result
    }

    /// Uniform in the open interval (0, 1): (n + ½)/2⁵² for 52 random bits n, so never 0, ½ or 1.
    public mutating func nextUniform() -> Double {
        (Double(next() >> 12) + 0.5) * 0x1p-52
    }

    /// A standard normal number: the inverse of the normal distribution function at `nextUniform()`.
    /// One integer makes one number, with no rejection and nothing kept between calls.
    public mutating func nextNormal() -> Double {
        inverseNormal(nextUniform())
    }
}

/// The x with Φ(x) = `probability`, for 0 < probability < 1; relative error about 1e-16.
///
/// Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988), 477–484.
public func inverseNormal(_ probability: Double) -> Double {
    let q = probability - 0.5
    if abs(q) <= 0.425 {
        let r = 0.180625 - q * q
        return q * polynomial(r, centralNumerator) / polynomial(r, centralDenominator)
    }
    let tail = sqrt(-log(q < 0 ? probability : 1 - probability))
    let size =
        tail <= 5
        ? polynomial(tail - 1.6, middleNumerator) / polynomial(tail - 1.6, middleDenominator)
        : polynomial(tail - 5, farNumerator) / polynomial(tail - 5, farDenominator)
    return q < 0 ? -size : size
}

/// Coefficients of a polynomial of degree 7, the constant first. A tuple, not an array: no bounds
/// checks and no reference counting in a call per random number.
private typealias Coefficients = (Double, Double, Double, Double, Double, Double, Double, Double)

@inline(__always)
private func polynomial(_ x: Double, _ c: Coefficients) -> Double {
    ((((((c.7 * x + c.6) * x + c.5) * x + c.4) * x + c.3) * x + c.2) * x + c.1) * x + c.0
}

private let centralNumerator: Coefficients = (
    3.387_132_872_796_366_608, 133.141_667_891_784_377_45, 1971.590_950_306_551_442_7,
    13731.693_765_509_461_125, 45921.953_931_549_871_457, 67265.770_927_008_700_853,
    33430.575_583_588_128_105, 2509.080_928_730_122_672_7
)
private let centralDenominator: Coefficients = (
    1, 42.313_330_701_600_911_252, 687.187_007_492_057_908_3, 5394.196_021_424_751_107_7,
    21213.794_301_586_595_867, 39307.895_800_092_710_61, 28729.085_735_721_942_674,
    5226.495_278_852_854_561
)
private let middleNumerator: Coefficients = (
    1.423_437_110_749_683_577_34, 4.630_337_846_156_545_295_9, 5.769_497_221_460_691_405_5,
    3.647_848_324_763_204_605_04, 1.270_458_252_452_368_382_58, 0.241_780_725_177_450_611_77,
    0.022_723_844_989_269_184_583_3, 7.745_450_142_783_414_076_4e-4
)
private let middleDenominator: Coefficients = (
    1, 2.053_191_626_637_758_821_87, 1.676_384_830_183_803_849_4, 0.689_767_334_985_100_004_55,
    0.148_103_976_427_480_074_59, 0.015_198_666_563_616_457_196_6, 5.475_938_084_995_344_946e-4,
    1.050_750_071_644_416_843_24e-9
)
private let farNumerator: Coefficients = (
    6.657_904_643_501_103_777_2, 5.463_784_911_164_114_369_9, 1.784_826_539_917_291_335_8,
    0.296_560_571_828_504_891_23, 0.026_532_189_526_576_123_093, 0.001_242_660_947_388_078_438_6,
    2.711_555_568_743_487_578_15e-5, 2.010_334_399_292_288_132_65e-7
)
private let farDenominator: Coefficients = (
    1, 0.599_832_206_555_887_937_69, 0.136_929_880_922_735_805_31, 0.014_875_361_290_850_614_852_5,
    7.868_691_311_456_132_591e-4, 1.846_318_317_510_054_681_8e-5, 1.421_511_758_316_445_888_7e-7,
    2.044_263_103_389_939_785_64e-15
)
