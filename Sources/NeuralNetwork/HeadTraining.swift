import Tensors

// The head's layers for a batch, forward and backward, each pair with the same argument order. Backward functions add
// to the gradients of parameters and overwrite the gradient of the input. Sums are in double; the generic bodies
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
    package static func forward(
        _ inp: UnsafeBufferPointer<Float>, weight: UnsafeBufferPointer<Float>,
        bias: UnsafeBufferPointer<Float>,
        into out: UnsafeMutableBufferPointer<Float>
    ) { layerNormForward(inp, weight, bias, out) }

    /// dInp (N,D) from dOut (N,D); dWeight (D) and dBias (D) are added to.
    package static func backward(
        _ dOut: UnsafeBufferPointer<Float>, inp: UnsafeBufferPointer<Float>,
        weight: UnsafeBufferPointer<Float>, dWeight: UnsafeMutableBufferPointer<Float>,
        dBias: UnsafeMutableBufferPointer<Float>, into dInp: UnsafeMutableBufferPointer<Float>
    ) { layerNormBackward(dOut, inp, weight, dWeight, dBias, dInp) }

    /// As the float32 form.
    package static func forward(
        _ inp: UnsafeBufferPointer<Double>, weight: UnsafeBufferPointer<Double>,
        bias: UnsafeBufferPointer<Double>, into out: UnsafeMutableBufferPointer<Double>
    ) { layerNormForward(inp, weight, bias, out) }

    /// As the float32 form.
    package static func backward(
        _ dOut: UnsafeBufferPointer<Double>, inp: UnsafeBufferPointer<Double>,
        weight: UnsafeBufferPointer<Double>, dWeight: UnsafeMutableBufferPointer<Double>,
        dBias: UnsafeMutableBufferPointer<Double>, into dInp: UnsafeMutableBufferPointer<Double>
    ) { layerNormBackward(dOut, inp, weight, dWeight, dBias, dInp) }
}

extension L2Normalization {
    /// out (N,D) = inp (N,D) / max(‖inp‖₂, ε) a row.
    package static func forward(
        _ inp: UnsafeBufferPointer<Float>, into out: UnsafeMutableBufferPointer<Float>, dimension: Int
    ) { l2Forward(inp, out, dimension) }

    /// dInp (N,D) from dOut (N,D).
    package static func backward(
        _ dOut: UnsafeBufferPointer<Float>, inp: UnsafeBufferPointer<Float>,
        into dInp: UnsafeMutableBufferPointer<Float>, dimension: Int
    ) { l2Backward(dOut, inp, dInp, dimension) }

    /// As the float32 form.
    package static func forward(
        _ inp: UnsafeBufferPointer<Double>, into out: UnsafeMutableBufferPointer<Double>, dimension: Int
    ) { l2Forward(inp, out, dimension) }

    /// As the float32 form.
    package static func backward(
        _ dOut: UnsafeBufferPointer<Double>, inp: UnsafeBufferPointer<Double>,
        into dInp: UnsafeMutableBufferPointer<Double>, dimension: Int
    ) { l2Backward(dOut, inp, dInp, dimension) }
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

// MARK: Bodies

@inline(__always)
private func moments<T: BinaryFloatingPoint>(
    _ inp: UnsafeBufferPointer<T>, _ range: Range<Int>
) -> (mean: Double, inverse: Double) {
    let scale = 1 / Double(range.count)
    var sum = 0.0
    for i in range { sum += Double(inp[i]) }
    let mean = sum * scale
    var squares = 0.0
    for i in range { squares += (Double(inp[i]) - mean) * (Double(inp[i]) - mean) }
    return (mean, 1 / (squares * scale + LayerNormalization.epsilon).squareRoot())
}

@inline(__always)
private func layerNormForward<T: BinaryFloatingPoint>(
    _ inp: UnsafeBufferPointer<T>, _ weight: UnsafeBufferPointer<T>, _ bias: UnsafeBufferPointer<T>,
    _ out: UnsafeMutableBufferPointer<T>
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

@inline(__always)
private func layerNormBackward<T: BinaryFloatingPoint>(
    _ dOut: UnsafeBufferPointer<T>, _ inp: UnsafeBufferPointer<T>, _ weight: UnsafeBufferPointer<T>,
    _ dWeight: UnsafeMutableBufferPointer<T>, _ dBias: UnsafeMutableBufferPointer<T>,
    _ dInp: UnsafeMutableBufferPointer<T>
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
private func rowNorm<T: BinaryFloatingPoint>(_ inp: UnsafeBufferPointer<T>, _ range: Range<Int>) -> Double {
    var squares = 0.0
    for i in range { squares += Double(inp[i]) * Double(inp[i]) }
    return squares.squareRoot()
}

@inline(__always)
private func l2Forward<T: BinaryFloatingPoint>(
    _ inp: UnsafeBufferPointer<T>, _ out: UnsafeMutableBufferPointer<T>, _ dimension: Int
) {
    precondition(inp.count == out.count && inp.count % dimension == 0)
    for start in stride(from: 0, to: inp.count, by: dimension) {
        let inverse = 1 / max(rowNorm(inp, start..<start + dimension), L2Normalization.epsilon)
        for i in start..<start + dimension { out[i] = T(Double(inp[i]) * inverse) }
    }
}

@inline(__always)
private func l2Backward<T: BinaryFloatingPoint>(
    _ dOut: UnsafeBufferPointer<T>, _ inp: UnsafeBufferPointer<T>, _ dInp: UnsafeMutableBufferPointer<T>,
    _ dimension: Int
) {
    precondition(inp.count == dOut.count && inp.count == dInp.count && inp.count % dimension == 0)
    for start in stride(from: 0, to: inp.count, by: dimension) {
        let norm = rowNorm(inp, start..<start + dimension)
        let inverse = 1 / max(norm, L2Normalization.epsilon)
        // Below ε the divisor is a constant.
        var along = 0.0
        if norm > L2Normalization.epsilon {
            for i in start..<start + dimension { along += Double(dOut[i]) * Double(inp[i]) }
            along *= inverse * inverse
        }
        for i in start..<start + dimension {
            dInp[i] = T(inverse * (Double(dOut[i]) - along * Double(inp[i])))
        }
    }
}
