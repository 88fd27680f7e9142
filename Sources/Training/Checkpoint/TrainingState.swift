/// The state of a run on disk: `checkpoint.safetensors`, with the tensors
/// `parameter.NAME`, `buffer.NAME`, `objective.NAME`, `optimizer.SLOT.NAME` and `average.NAME`, and the step, the
/// configuration, the architecture, the number format, the objective's settings and the videos' fingerprint as
/// metadata.
///
/// There is no random state to keep: every draw follows from the seed and the step.
struct TrainingState {
    let configuration: TrainingConfiguration
    let encoder: any TrainableEncoder
    /// Encoder's and objective's, in this order, as the optimiser has them.
    let parameters: [TrainableParameter]
    let encoderParameterCount: Int
    let optimizer: any Optimizer
    let average: WeightAverage?
    let dataFingerprint: String

    private static let format = "mixtape-checkpoint-2"

    private var entries: [TensorArchive.Entry] {
        var entries: [TensorArchive.Entry] = []
        for (index, parameter) in parameters.enumerated() {
            let isEncoder = index < encoderParameterCount
            let name = isEncoder ? parameter.name : "objective.\(parameter.name)"
            func add(_ kind: String, _ value: UnsafeMutableBufferPointer<Float>?) {
                guard let value else { return }
                entries.append(.init(name: "\(kind).\(name)", shape: parameter.shape, value: value))
            }
            add("parameter", parameter.value)
            for (slot, slotName) in optimizer.slots.enumerated() {
                add("optimizer.\(slotName)", optimizer.state(slot: slot, parameter: index))
            }
            if isEncoder { add("average", average?.average(parameter: index)) }
        }
        for buffer in encoder.buffers {
            entries.append(.init(name: "buffer.\(buffer.name)", shape: buffer.shape, value: buffer.value))
        }
        return entries
    }

    /// The first tensor of the state, including the optimiser's and the average's, that has a non-finite number.
    var firstNonFinite: String? { entries.first { !$0.value.allSatisfy(\.isFinite) }?.name }

    /// - Parameter step: steps done.
    func save(step: Int, to path: String) throws(TrainingError) {
        let metadata = [
            ("format", Self.format), ("step", String(step)), ("optimizer_steps", String(optimizer.stepsDone)),
            ("configuration", configuration.json), ("architecture", encoder.architecture),
            // Every choice of the objective is in the configuration.
            ("objective", ""), ("precision", encoder.numberFormat),
            ("videos", dataFingerprint),
        ]
        try TensorArchive.write(entries, metadata: metadata, to: path)
    }

    /// Steps done at the checkpoint, and a remark where the videos are others than then.
    func load(from path: String) throws(TrainingError) -> (step: Int, note: String?) {
        let archive = try TensorArchive.Reader(path: path)
        guard archive.metadata("format") == Self.format else {
            let format = archive.metadata("format") ?? "unknown"
            throw .damagedCheckpoint(path: path, problem: "its format is \(format), not \(Self.format)")
        }
        guard let step = archive.metadata("step").flatMap({ Int($0) }), step >= 0,
            let optimizerSteps = archive.metadata("optimizer_steps").flatMap({ Int($0) }), optimizerSteps >= 0
        else { throw .damagedCheckpoint(path: path, problem: "its step is missing") }
        let differences = differences(archive)
        if !differences.isEmpty { throw .incompatibleCheckpoint(path: path, differences: differences) }
        guard optimizerSteps == step else {
            throw .damagedCheckpoint(path: path, problem: "its steps do not fit together")
        }
        try Self.checkSteps(configuration, made: step)
        // Everything was checked before the first number is changed.
        for entry in entries { try archive.copy(entry.name, into: entry.value) }
        optimizer.stepsDone = optimizerSteps
        let note =
            archive.metadata("videos") == dataFingerprint
            ? nil : "the videos differ from those of the checkpoint; the run continues, but not bit for bit"
        return (step, note)
    }

    private func differences(_ archive: TensorArchive.Reader) -> [String] {
        var differences: [String] = []
        func compare(_ what: String, _ then: String?, _ now: String) {
            if then != now { differences.append(Self.difference(what, then, now)) }
        }
        compare("architecture", archive.metadata("architecture"), encoder.architecture)
        compare("precision", archive.metadata("precision"), encoder.numberFormat)
        compare("objective", archive.metadata("objective"), "")
        differences += Self.differences(configuration, archive.metadata("configuration") ?? "")
        if !differences.isEmpty { return differences }
        let expected = entries
        for entry in expected {
            let shape = archive.shape(entry.name)
            if shape != entry.shape {
                differences.append(
                    "tensor \(entry.name): \(shape.map { "\($0)" } ?? "missing") in the checkpoint, \(entry.shape) now"
                )
            }
        }
        let known = Set(expected.map(\.name))
        for name in archive.names where !known.contains(name) {
            differences.append("tensor \(name): only in the checkpoint")
        }
        return differences
    }

    /// Whether a run of other choices could go on at a checkpoint; a run may be made longer, or shorter.
    static func check(_ configuration: TrainingConfiguration, against path: String) throws(TrainingError) {
        let archive = try TensorArchive.Reader(path: path)
        let differences = differences(configuration, archive.metadata("configuration") ?? "")
        if !differences.isEmpty { throw .incompatibleCheckpoint(path: path, differences: differences) }
        if let step = archive.metadata("step").flatMap({ Int($0) }) {
            try checkSteps(configuration, made: step)
        }
    }

    private static func checkSteps(
        _ configuration: TrainingConfiguration, made step: Int
    ) throws(TrainingError) {
        try require(
            step <= configuration.steps, "steps",
            "must be at least the \(step) that the checkpoint has made, is \(configuration.steps)")
    }

    /// Descriptions of whole networks are too long to be compared by reading.
    private static func difference(_ what: String, _ then: String?, _ now: String) -> String {
        let longest = 60
        guard (then ?? "").count <= longest, now.count <= longest else {
            return "\(what): not that of the checkpoint"
        }
        return "\(what): \(then ?? "missing") in the checkpoint, \(now) now"
    }

    private static func differences(_ configuration: TrainingConfiguration, _ json: String) -> [String] {
        guard let then = try? TrainingConfiguration(json: json) else {
            return ["configuration: cannot be read"]
        }
        let old = Dictionary(then.leaves.map { ($0.path, $0.text) }, uniquingKeysWith: { $1 })
        return configuration.leaves.compactMap { path, text in
            if path.hasPrefix("operation.") || path == "steps" || old[path] == text { return nil }
            return difference(path, old[path], text)
        }
    }
}
