internal import COpenBLAS

/// Products around a matrix of all pairs, in double precision; only the upper triangle of the square
/// matrix is written or read.
enum SymmetricProduct {
    /// Upper triangle of `scale` · X Xᵀ.
    ///
    /// - Parameters:
    ///   - x: [rows, width].
    ///   - gram: [rows, rows].
    static func gram(
        _ x: [Double], rows: Int, width: Int, scale: Double, into gram: UnsafeMutablePointer<Double>
    ) {
        precondition(x.count == rows * width, "a matrix of another shape")
        cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasNoTrans, blasInt(rows), blasInt(width), scale, x,
            blasInt(width), 0, gram, blasInt(rows))
    }

    /// S X, for the symmetric S of which `upper` holds the upper triangle.
    ///
    /// - Parameters:
    ///   - upper: [rows, rows].
    ///   - x: [rows, width].
    /// - Returns: [rows, width].
    static func apply(
        upper: UnsafePointer<Double>, to x: [Double], rows: Int, width: Int, scale: Double
    ) -> [Double] {
        precondition(x.count == rows * width, "a matrix of another shape")
        return [Double](unsafeUninitializedCapacity: rows * width) { product, initialised in
            cblas_dsymm(
                CblasRowMajor, CblasLeft, CblasUpper, blasInt(rows), blasInt(width), scale, upper,
                blasInt(rows), x, blasInt(width), 0, product.baseAddress, blasInt(width))
            initialised = rows * width
        }
    }

    /// A square matrix of which a product reads the upper triangle only: the rest is never touched, which
    /// spares the pages.
    static func upperTriangle(
        rows: Int, _ fill: (UnsafeMutablePointer<Double>) -> Void
    ) -> [Double] {
        [Double](unsafeUninitializedCapacity: rows * rows) { matrix, initialised in
            if let first = matrix.baseAddress { fill(first) }
            initialised = rows * rows
        }
    }

    /// A batch is far below 2³¹; beyond, it is a programmer's mistake.
    private static func blasInt(_ count: Int) -> Int32 { Int32(count) }
}
