import Tensors

/// A fully connected layer.
public struct Linear: Sendable {
    /// [out, in].
    public var weight: Tensor
    /// [out].
    public var bias: Tensor

    /// From a weight [out, in] and a bias [out].
    public init(weight: Tensor, bias: Tensor) {
        precondition(weight.shape.count == 2 && bias.shape == [weight.shape[0]])
        self.weight = weight
        self.bias = bias
    }

    /// out (out) = weight (out,in) · inp (in) + bias, summed in double in the order of the inputs: one clip's
    /// embedding must not depend on which other clips ran beside it, which a blocked product cannot promise.
    package func forward(_ inp: UnsafeBufferPointer<Float>) -> [Float] {
        let inputs = weight.shape[1]
        precondition(inp.count == inputs)
        return weight.withUnsafeValues { w in
            bias.withUnsafeValues { b in
                (0..<b.count).map { row in
                    // Eight sums side by side, so that the additions do not wait for one another.
                    var lanes = SIMD8<Double>.zero
                    let start = row * inputs
                    var column = 0
                    while column + 8 <= inputs {
                        var x = SIMD8<Float>()
                        var y = SIMD8<Float>()
                        for lane in 0..<8 {
                            x[lane] = inp[column + lane]
                            y[lane] = w[start + column + lane]
                        }
                        lanes += SIMD8<Double>(x) * SIMD8<Double>(y)
                        column += 8
                    }
                    var sum = lanes.sum()
                    while column < inputs {
                        sum += Double(inp[column]) * Double(w[start + column])
                        column += 1
                    }
                    return Float(sum + Double(b[row]))
                }
            }
        }
    }
}

/// Normalisation over a vector's elements (Ba et al. 2016): y = (x − mean)/√(variance + ε)·weight + bias.
public struct LayerNormalization: Sendable {
    /// Added to the variance.
    public static let epsilon = 1e-5
    /// [dimension].
    public var weight: Tensor
    /// [dimension].
    public var bias: Tensor

    /// Both of shape [dimension].
    public init(weight: Tensor, bias: Tensor) {
        precondition(weight.shape == bias.shape)
        self.weight = weight
        self.bias = bias
    }

    /// out (D) from inp (D).
    package func forward(_ inp: [Float]) -> [Float] {
        precondition(inp.count == weight.count)
        let scale = 1 / Double(inp.count)
        let mean = inp.reduce(0) { $0 + Double($1) } * scale
        let variance = inp.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } * scale
        let inverse = 1 / (variance + Self.epsilon).squareRoot()
        return weight.withUnsafeValues { w in
            bias.withUnsafeValues { b in
                inp.indices.map { Float((Double(inp[$0]) - mean) * inverse * Double(w[$0]) + Double(b[$0])) }
            }
        }
    }
}

/// Division by the Euclidean norm.
package enum L2Normalization {
    package static let epsilon = 1e-12

    /// out (D) = inp / max(‖inp‖₂, ε).
    package static func forward(_ inp: [Float]) -> [Float] {
        let norm = inp.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        let inverse = 1 / max(norm, epsilon)
        return inp.map { Float(Double($0) * inverse) }
    }
}
