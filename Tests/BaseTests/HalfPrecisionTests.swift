import Base
import Testing

@Suite struct HalfPrecisionTests {
    /// All 65,536 patterns, against the standard library's own type.
    @Test func float16ConversionIsExact() {
        for bits in UInt16.min...UInt16.max {
            let expected = Float(Float16(bitPattern: bits))
            let got = HalfPrecision.float32(fromFloat16: bits)
            #expect(got.bitPattern == expected.bitPattern || (got.isNaN && expected.isNaN))
            if !got.isNaN { #expect(HalfPrecision.float16(from: got) == bits) }
        }
    }

    @Test func float16RoundsToNearestEven() {
        var state: UInt32 = 1
        for step in 0..<200_000 {
            state = state &* 1_664_525 &+ 1_013_904_223
            // All magnitudes, then those around the ties.
            let bits = step % 2 == 0 ? state : state & 0xFFFF_E000 | 0x1000
            let value = Float(bitPattern: bits)
            let expected = Float16(value)
            let got = HalfPrecision.float16(from: value)
            let same =
                got == expected.bitPattern || (value.isNaN && got & 0x7C00 == 0x7C00 && got & 0x3FF != 0)
            if !same { Issue.record("\(value): \(got) and not \(expected.bitPattern)") }
        }
    }

    @Test func bfloat16RoundsToNearestEven() {
        #expect(HalfPrecision.bfloat16(from: 1) == 0x3F80)
        #expect(HalfPrecision.bfloat16(from: Float(bitPattern: 0x3F80_8000)) == 0x3F80)
        #expect(HalfPrecision.bfloat16(from: Float(bitPattern: 0x3F81_8000)) == 0x3F82)
        #expect(HalfPrecision.bfloat16(from: Float(bitPattern: 0x3F80_8001)) == 0x3F81)
        #expect(HalfPrecision.bfloat16(from: .infinity) == 0x7F80)
        #expect(HalfPrecision.bfloat16(from: .greatestFiniteMagnitude) == 0x7F80)
        #expect(HalfPrecision.float32(fromBFloat16: HalfPrecision.bfloat16(from: .nan)).isNaN)
        #expect(HalfPrecision.float32(fromBFloat16: 0xC040) == -3)
    }
}
