import Base
import Tensors
import Testing

@Suite struct TensorTests {
    @Test func copiesAreIndependent() {
        var a = Tensor(shape: [2, 2], values: [1, 2, 3, 4])
        let b = a
        a.withUnsafeMutableValues { $0[0] = 9 }
        #expect(a.values == [9, 2, 3, 4])
        #expect(b.values == [1, 2, 3, 4])
    }

    @Test func memoryIsAligned() {
        for count in [0, 1, 17, 1000] {
            Tensor(shape: [count]).withUnsafeValues { values in
                #expect(values.allSatisfy { $0 == 0 })
                #expect(Int(bitPattern: values.baseAddress) % 64 == 0)
            }
        }
    }

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

    /// float32 products of up to 40 terms of size 1: 1e-5 is some 40 roundings.
    @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
    func matrixProductsEqualTheNaiveSum(transposed: (Bool, Bool)) {
        let (rows, columns, inner) = (7, 5, 40)
        let a = (0..<rows * inner).map { (i: Int) -> Float in Float((i * 37 + 11) % 101) / 101 - 0.5 }
        let b = (0..<inner * columns).map { (i: Int) -> Float in Float((i * 53 + 7) % 97) / 97 - 0.5 }
        var c = [Float](repeating: 1, count: rows * columns)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    MatrixProduct.multiply(
                        a, transposed: transposed.0, b, transposed: transposed.1, into: c, rows: rows,
                        columns: columns, inner: inner, accumulating: true)
                }
            }
        }
        for row in 0..<rows {
            for column in 0..<columns {
                var sum = 1.0
                for k in 0..<inner {
                    let left = a[transposed.0 ? k * rows + row : row * inner + k]
                    let right = b[transposed.1 ? column * inner + k : k * columns + column]
                    sum += Double(left) * Double(right)
                }
                #expect(abs(Double(c[row * columns + column]) - sum) < 1e-5)
            }
        }
    }
}
