import Base
import Tensors
import VideoEncoding

/// The end of a run: a model folder that the rest of the software reads.
public enum TrainedModel {
    /// Writes `config.json`, `model.safetensors` and, where there is none yet, a `README.md` into the folder.
    ///
    /// The weights go first: a folder whose configuration is there is whole. Called from
    /// `TrainingHooks.writeModel`, it takes the averaged weights where there are any.
    ///
    /// - Parameters:
    ///   - model: the network's description; its remarks on training are replaced.
    ///   - remarks: further members of the remarks on training.
    package static func write(
        encoder: any TrainableEncoder, model: ModelConfiguration, summary: TrainingSummary, to folder: String,
        remarks: [JSONValue.Member] = []
    ) throws(TrainingError) {
        try OutputFiles.makeFolder(folder)
        var tensors: [String: Tensor] = [:]
        let entries =
            encoder.parameters.map { ($0.name, $0.shape, $0.value) }
            + encoder.buffers.map { ($0.name, $0.shape, $0.value) }
        for (name, shape, value) in entries {
            precondition(tensors[name] == nil, "names must differ")
            tensors[name] = Tensor(shape: shape) { target in
                _ = target.update(fromContentsOf: value)
            }
        }
        do throws(TensorFileError) {
            try SafetensorsWriter.write(tensors, to: folder + "/model.safetensors")
        } catch {
            throw .file(path: error.path, problem: error.message)
        }
        var model = model
        model.training = notes(summary, remarks)
        if !Path.exists(folder + "/README.md") {
            try OutputFiles.write(card(model.name, summary), to: folder + "/README.md")
        }
        try OutputFiles.write(model.text, to: folder + "/config.json")
    }

    private static func notes(
        _ summary: TrainingSummary, _ remarks: [JSONValue.Member]
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("steps", .number(summary.steps)), .init("videos", .number(summary.videos)),
            .init("clips_per_step", .number(summary.layout.rows)),
        ]
        if let last = summary.last {
            members.append(.init("loss", .number(last.loss)))
            members.append(.init("mean_log_variance", .number(last.meanLogVariance)))
        }
        members += remarks
        members.append(.init("choices", summary.configuration.value))
        return .object(members)
    }

    private static func card(_ name: String, _ summary: TrainingSummary) -> String {
        """
        # \(name)

        Trained by `mixtape train` without labels: \(summary.steps) steps of \(summary.layout.rows) clips, out of \
        \(summary.videos) videos. Every choice is in `config.json` under `training`. What it was measured to be \
        good for, and on which videos, is for whoever publishes it to add here.

        """
    }
}
