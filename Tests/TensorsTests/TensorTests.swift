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
