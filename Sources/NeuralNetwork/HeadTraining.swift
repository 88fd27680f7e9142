import Tensors

// The head's layers for a batch, forward and backward, each pair with the same argument order. Backward functions add
// to the gradients of parameters and overwrite the gradient of the input. Sums are in double; the generic ones
// serve float32 in training and double in the tests' finite differences.

extension Linear {
    /// out (N,out) = inp (N,in) · weight (out,in)ᵀ + bias (out).
    package static func forward(
        _ inp: UnsafeBufferPointer<Float>, weight: UnsafeBufferPointer<Float>,
        bias: UnsafeBufferPointer<Float>,
        into out: UnsafeMutableBufferPointer<Float>
    ) {
        let outputs = bias.count
        let rows = out.count / outputs
        precondition(out.count == rows * outputs && weight.count * rows == inp.count * outputs)
        for row in 0..<rows {
            for column in 0..<outputs { out[row * outputs + column] = bias[column] }
        }
        MatrixProduct.multiplyTransposed(
            inp, weight, into: out, rows: rows, columns: outputs, inner: inp.count / rows, accumulating: true)
    }

    /// dWeight (out,in) += dOutᵀ·inp, dBias (out) += Σ dOut, dInp (N,in) = dOut (N,out)·weight (+ dInp).
    ///
    /// - Parameter dInp: nil where nothing before it learns.
    package static func backward(
        _ dOut: UnsafeBufferPointer<Float>, inp: UnsafeBufferPointer<Float>,
        weight: UnsafeBufferPointer<Float>, dWeight: UnsafeMutableBufferPointer<Float>,
        dBias: UnsafeMutableBufferPointer<Float>, into dInp: UnsafeMutableBufferPointer<Float>?,
        accumulating: Bool = false
    ) {
        let outputs = dBias.count
        let rows = dOut.count / outputs
        let inputs = inp.count / rows
        precondition(dOut.count == rows * outputs && dWeight.count == weight.count)
        for column in 0..<outputs {
            var sum = 0.0
            for row in 0..<rows { sum += Double(dOut[row * outputs + column]) }
            dBias[column] += Float(sum)
        }
        MatrixProduct.multiply(
            dOut, transposed: true, inp, transposed: false, into: dWeight, rows: outputs, columns: inputs,
            inner: rows, accumulating: true)
        if let dInp {
            MatrixProduct.multiply(
                dOut, transposed: false, weight, transposed: false, into: dInp, rows: rows, columns: inputs,
                inner: outputs, accumulating: accumulating)
        }
    }
}

extension LayerNormalization {
    /// out (N,D) from inp (N,D), weight (D), bias (D).
    @specialized(where T == Float)
    package static func forward<T: BinaryFloatingPoint>(
        _ inp: UnsafeBufferPointer<T>, weight: UnsafeBufferPointer<T>, bias: UnsafeBufferPointer<T>,
        into out: UnsafeMutableBufferPointer<T>
    ) {
        let dimension = weight.count
        precondition(inp.count == out.count && bias.count == dimension && inp.count % dimension == 0)
        for start in stride(from: 0, to: inp.count, by: dimension) {
            let (mean, inverse) = moments(inp, start..<start + dimension)
            for d in 0..<dimension {
                out[start + d] = T(
                    (Double(inp[start + d]) - mean) * inverse * Double(weight[d]) + Double(bias[d]))
            }
        }
    }

    /// dInp (N,D) from dOut (N,D); dWeight (D) and dBias (D) are added to.
    @specialized(where T == Float)
    package static func backward<T: BinaryFloatingPoint>(
        _ dOut: UnsafeBufferPointer<T>, inp: UnsafeBufferPointer<T>, weight: UnsafeBufferPointer<T>,
        dWeight: UnsafeMutableBufferPointer<T>, dBias: UnsafeMutableBufferPointer<T>,
        into dInp: UnsafeMutableBufferPointer<T>
    ) {
        let dimension = weight.count
        precondition(inp.count == dOut.count && inp.count == dInp.count && inp.count % dimension == 0)
        for start in stride(from: 0, to: inp.count, by: dimension) {
            let (mean, inverse) = moments(inp, start..<start + dimension)
            var sum = 0.0
            var products = 0.0
            for d in 0..<dimension {
                let normal = (Double(inp[start + d]) - mean) * inverse
                let gradient = Double(dOut[start + d])
                dWeight[d] += T(gradient * normal)
                dBias[d] += T(gradient)
                sum += gradient * Double(weight[d])
                products += gradient * Double(weight[d]) * normal
            }
            let scale = 1 / Double(dimension)
            for d in 0..<dimension {
                let normal = (Double(inp[start + d]) - mean) * inverse
                let gradient = Double(dOut[start + d]) * Double(weight[d])
                dInp[start + d] = T(inverse * (gradient - sum * scale - normal * products * scale))
            }
        }
    }

    @inline(__always)
    private static func moments<T: BinaryFloatingPoint>(
        _ inp: UnsafeBufferPointer<T>, _ range: Range<Int>
    ) -> (mean: Double, inverse: Double) {
        let scale = 1 / Double(range.count)
        var sum = 0.0
        for i in range { sum += Double(inp[i]) }
        let mean = sum * scale
        var squares = 0.0
        for i in range { squares += (Double(inp[i]) - mean) * (Double(inp[i]) - mean) }
        return (mean, 1 / (squares * scale + epsilon).squareRoot())
    }
}

extension L2Normalization {
    /// out (N,D) = inp (N,D) / max(‖inp‖₂, ε) a row.
    @specialized(where T == Float)
    package static func forward<T: BinaryFloatingPoint>(
        _ inp: UnsafeBufferPointer<T>, into out: UnsafeMutableBufferPointer<T>, dimension: Int
    ) {
        precondition(inp.count == out.count && inp.count % dimension == 0)
        for start in stride(from: 0, to: inp.count, by: dimension) {
            let inverse = 1 / max(rowNorm(inp, start..<start + dimension), epsilon)
            for i in start..<start + dimension { out[i] = T(Double(inp[i]) * inverse) }
        }
    }

    /// dInp (N,D) from dOut (N,D).
    @specialized(where T == Float)
    package static func backward<T: BinaryFloatingPoint>(
        _ dOut: UnsafeBufferPointer<T>, inp: UnsafeBufferPointer<T>,
        into dInp: UnsafeMutableBufferPointer<T>, dimension: Int
    ) {
        precondition(inp.count == dOut.count && inp.count == dInp.count && inp.count % dimension == 0)
        for start in stride(from: 0, to: inp.count, by: dimension) {
            let norm = rowNorm(inp, start..<start + dimension)
            let inverse = 1 / max(norm, epsilon)
            // Below ε the divisor is a constant.
            var along = 0.0
            if norm > epsilon {
                for i in start..<start + dimension { along += Double(dOut[i]) * Double(inp[i]) }
                along *= inverse * inverse
            }
            for i in start..<start + dimension {
                dInp[i] = T(inverse * (Double(dOut[i]) - along * Double(inp[i])))
            }
        }
    }

    @inline(__always)
    private static func rowNorm<T: BinaryFloatingPoint>(
        _ inp: UnsafeBufferPointer<T>, _ range: Range<Int>
    ) -> Double {
        var squares = 0.0
        for i in range { squares += Double(inp[i]) * Double(inp[i]) }
        return squares.squareRoot()
    }
}

/// Limits to a range.
package enum Clamp {
    /// out = inp limited to the range; NaN passes.
    package static func forward(
        _ inp: UnsafeBufferPointer<Float>, into out: UnsafeMutableBufferPointer<Float>,
        range: ClosedRange<Float>
    ) {
        precondition(inp.count == out.count)
        for i in 0..<inp.count {
            let value = inp[i]
            out[i] =
                value < range.lowerBound
                ? range.lowerBound : value > range.upperBound ? range.upperBound : value
        }
    }

    /// dInp = dOut where inp lies in the range, bounds included, else 0.
    package static func backward(
        _ dOut: UnsafeBufferPointer<Float>, inp: UnsafeBufferPointer<Float>,
        into dInp: UnsafeMutableBufferPointer<Float>, range: ClosedRange<Float>
    ) {
        precondition(inp.count == dOut.count && inp.count == dInp.count)
        for i in 0..<inp.count { dInp[i] = range.contains(inp[i]) ? dOut[i] : 0 }
    }
}
