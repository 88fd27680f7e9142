import Glibc
import NeuralNetwork

/// softmax(x·Wᵀ + b) on the backbone's feature, with the cross entropy and its gradients; begins at zeros, where every
/// class is as likely.
package final class LinearClassifier {
    /// `classifier.weight` (classes, C) and `classifier.bias` (classes).
    package let parameters: TrainingParameters
    private let classCount: Int

    /// - Parameter width: C.
    package init(classCount: Int, width: Int) {
        self.classCount = classCount
        parameters = TrainingParameters(
            parameters: [("classifier.weight", [classCount, width]), ("classifier.bias", [classCount])],
            buffers: [])
    }

    private var weight: TrainingParameters.Parameter { parameters.parameters[0] }
    private var bias: TrainingParameters.Parameter { parameters.parameters[1] }

    /// Back to zeros.
    package func reset() {
        for parameter in parameters.parameters { parameter.value.update(repeating: 0) }
    }

    /// Of each row of `features` (N,C), the classes' probabilities, (N,classes) row-major.
    package func probabilities(_ features: UnsafeBufferPointer<Float>) -> [Double] {
        let rows = features.count * classCount / weight.value.count
        var scores = [Float](repeating: 0, count: rows * classCount)
        scores.withUnsafeMutableBufferPointer {
            Linear.forward(
                features, weight: .init(weight.value), bias: .init(bias.value), into: $0)
        }
        var result = scores.map(Double.init)
        for start in stride(from: 0, to: result.count, by: classCount) {
            let row = start..<start + classCount
            let most = result[row].max() ?? 0
            var total = 0.0
            for index in row {
                result[index] = exp(result[index] - most)
                total += result[index]
            }
            for index in row { result[index] /= total }
        }
        return result
    }

    /// The cross entropy of each row of `features` (N,C) with its class; writes the gradient of their mean to
    /// `dFeatures` (N,C) and adds to the parameters' gradients.
    package func losses(
        _ features: UnsafeBufferPointer<Float>, classes: [Int], dFeatures: UnsafeMutableBufferPointer<Float>
    ) -> [Double] {
        var errors = probabilities(features)
        precondition(errors.count == classes.count * classCount && dFeatures.count == features.count)
        var losses: [Double] = []
        for (row, label) in classes.enumerated() {
            // A probability may round to 0.
            losses.append(-log(max(errors[row * classCount + label], .leastNormalMagnitude)))
            errors[row * classCount + label] -= 1
        }
        let scale = 1 / Double(max(1, classes.count))
        let gradient = errors.map { Float($0 * scale) }
        gradient.withUnsafeBufferPointer {
            Linear.backward(
                $0, inp: features, weight: .init(weight.value), dWeight: weight.gradient,
                dBias: bias.gradient, into: dFeatures)
        }
        return losses
    }
}
