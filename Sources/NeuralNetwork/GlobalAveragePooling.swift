/// The mean over time, height and width.
package enum GlobalAveragePooling {
    /// out (N,C) = mean over the cells of inp (N,C,cells), summed in double in the order of the cells, so that
    /// the result does not depend on threads or vector width.
    package static func forward(
        _ inp: UnsafeBufferPointer<Float>, into out: UnsafeMutableBufferPointer<Float>, cells: Int
    ) {
        precondition(inp.count == out.count * cells && cells > 0)
        for row in 0..<out.count {
            var sum = 0.0
            for index in row * cells..<(row + 1) * cells { sum += Double(inp[index]) }
            out[row] = Float(sum / Double(cells))
        }
    }

    /// dInp (N,C,cells) from dOut (N,C): each cell gets its share.
    package static func backward(
        _ dOut: UnsafeBufferPointer<Float>, into dInp: UnsafeMutableBufferPointer<Float>, cells: Int
    ) {
        precondition(dInp.count == dOut.count * cells && cells > 0)
        for row in 0..<dOut.count {
            dInp[row * cells..<(row + 1) * cells].update(repeating: dOut[row] / Float(cells))
        }
    }
}
