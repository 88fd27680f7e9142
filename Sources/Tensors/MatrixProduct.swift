internal import COpenBLAS

/// Dense matrix products by OpenBLAS.
public enum MatrixProduct {
    /// C = A·Bᵀ (+ C where `accumulating`); A is [rows, inner], B is [columns, inner], C is [rows, columns].
    ///
    /// The layout of a fully connected layer: A holds the inputs, B the weights.
    public static func multiplyTransposed(
        _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>,
        into c: UnsafeMutableBufferPointer<Float>, rows: Int, columns: Int, inner: Int,
        accumulating: Bool = false
    ) {
        multiply(
            a, transposed: false, b, transposed: true, into: c, rows: rows, columns: columns, inner: inner,
            accumulating: accumulating)
    }

    /// C = op(A)·op(B) (+ C where `accumulating`); op(A) is [rows, inner], op(B) is [inner, columns].
    public static func multiply(
        _ a: UnsafeBufferPointer<Float>, transposed transposeA: Bool, _ b: UnsafeBufferPointer<Float>,
        transposed transposeB: Bool, into c: UnsafeMutableBufferPointer<Float>, rows: Int, columns: Int,
        inner: Int, accumulating: Bool = false
    ) {
        precondition(a.count == rows * inner && b.count == inner * columns && c.count == rows * columns)
        guard rows > 0, columns > 0 else { return }
        guard inner > 0 else {
            if !accumulating { c.update(repeating: 0) }
            return
        }
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(rows), blasint(columns), blasint(inner), 1, a.baseAddress,
            blasint(transposeA ? rows : inner), b.baseAddress, blasint(transposeB ? inner : columns),
            accumulating ? 1 : 0, c.baseAddress, blasint(columns))
    }

    /// Sets OpenBLAS's threads for the whole process; 1 where the caller runs several products in parallel.
    public static func setThreads(_ count: Int) {
        openblas_set_num_threads(Int32(clamping: max(1, count)))
    }
}
