import Base
import NeuralNetwork
import Tensors

/// All tensors of a model: the backbone's units and the head.
package struct ModelWeights: Sendable {
    package var tensors: [String: Tensor]

    /// Each tensor's name and shape, in the order of the network.
    package static func expected(_ configuration: ModelConfiguration) -> [(name: String, shape: [Int])] {
        var result: [(name: String, shape: [Int])] = []
        for unit in configuration.architecture.units {
            result.append((unit.weightName, unit.shape.weightShape))
            for part in ["weight", "bias", "running_mean", "running_var"] {
                result.append(("\(unit.normName).\(part)", [unit.shape.outputChannels]))
            }
        }
        let dimension = configuration.dimension
        let features = configuration.featureChannels
        result += [
            ("head.mean.weight", [dimension, features]), ("head.mean.bias", [dimension]),
            ("head.norm.weight", [dimension]), ("head.norm.bias", [dimension]),
            ("head.log_variance.weight", [dimension, features]), ("head.log_variance.bias", [dimension]),
        ]
        return result
    }

    package init(tensors: [String: Tensor]) { self.tensors = tensors }

    /// Reads `model.safetensors`, checks names, shapes and values, and adds the stored bytes to `hash`.
    init(path: String, configuration: ModelConfiguration, hash: SHA256) throws(ModelError) {
        let hint = "make the model again, or get an undamaged copy of it"
        do throws(TensorFileError) {
            let file = try SafetensorsFile(path: path)
            let expected = Self.expected(configuration)
            let names = Set(expected.map(\.name))
            for (name, shape) in expected {
                guard let entry = file.entry(named: name) else {
                    throw TensorFileError(path: path, tensor: name, message: "is missing")
                }
                guard entry.shape == shape else {
                    throw TensorFileError(
                        path: path, tensor: name,
                        message: "has shape \(entry.shape); config.json makes it \(shape)")
                }
            }
            if let extra = file.entries.first(where: { !names.contains($0.name) }) {
                throw TensorFileError(path: path, tensor: extra.name, message: "is not part of this model")
            }
            tensors = [:]
            for entry in file.entries {
                let (tensor, bytes) = try file.read(entry)
                tensors[entry.name] = tensor
                Self.add("\(entry.name) \(entry.type.rawValue) \(entry.shape)\n", to: hash)
                bytes.withUnsafeBytes { hash.update($0) }
                if entry.name.hasSuffix(".running_var"), tensor.values.contains(where: { $0 < 0 }) {
                    throw TensorFileError(
                        path: path, tensor: entry.name, message: "holds a negative variance")
                }
            }
        } catch {
            let message = error.tensor.map { "tensor \($0): \(error.message)" } ?? error.message
            throw ModelError(path: error.path, message: message, hint: hint)
        }
    }

    static func add(_ text: String, to hash: SHA256) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { hash.update($0) }
    }

    /// The tensor of that name, which the checks have shown to be there.
    package subscript(_ name: String) -> Tensor {
        guard let tensor = tensors[name] else { preconditionFailure("no tensor \(name)") }
        return tensor
    }

    package func norm(_ name: String) -> BatchNormalization {
        BatchNormalization(
            weight: self["\(name).weight"], bias: self["\(name).bias"],
            runningMean: self["\(name).running_mean"],
            runningVariance: self["\(name).running_var"])
    }
}
