import Base
import Glibc
import VideoEncoding

/// A model and the name that reports give it.
struct MeasuredModel {
    /// What the model is for in the report.
    enum Role { case model, randomWeights, checkpoint }
    var name: String
    var encoder: VideoEncoder
    var role: Role
    /// Keeps the encoder's folder for as long as the model, where it is a temporary one.
    var keeper: TemporaryModel?
}

/// A place for a model folder in a new folder of its own, both removed with their owner.
final class TemporaryModel: Sendable {
    /// Where temporary files go.
    static var place: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    let folder: String
    private let parent: String

    init() throws(EvaluationError) {
        var template = Array("\(Self.place)/mixtape-evaluate-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .file(
                path: Self.place, line: nil, problem: "no folder can be made there",
                hint: "name one with --work")
        }
        parent = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        folder = "\(parent)/model"
    }

    deinit {
        for name in ["config.json", "model.safetensors", "README.md"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
        rmdir(parent)
    }
}

/// The models of a request, loaded: those named, random weights of the first one's architecture, checkpoints in order.
enum MeasuredModels {
    static func load(_ request: EvaluationRequest, _ hooks: EvaluationHooks) throws(EvaluationError)
        -> [MeasuredModel]
    {
        var models: [MeasuredModel] = []
        for (index, name) in names(request.models).enumerated() {
            models.append(
                MeasuredModel(name: name, encoder: try encoder(request.models[index]), role: .model))
        }
        if request.measuresBaselines, let first = models.first {
            let random = try randomWeights(like: first.encoder.configuration, request, hooks)
            for model in models where model.encoder.fingerprint == random.encoder.fingerprint {
                hooks.note(
                    "\(model.name) is untrained: the random weights of seed \(request.randomSeed) themselves")
            }
            models.append(random)
        }
        if let folder = request.checkpoints {
            for name in try checkpointNames(in: folder, hooks) {
                models.append(
                    MeasuredModel(name: name, encoder: try encoder("\(folder)/\(name)"), role: .checkpoint))
            }
        }
        return models
    }

    private static func encoder(_ folder: String) throws(EvaluationError) -> VideoEncoder {
        do throws(ModelError) { return try VideoEncoder(folder: folder) } catch { throw .model(error) }
    }

    /// The folders' last parts, or all of each where two are alike.
    private static func names(_ folders: [String]) -> [String] {
        let short = folders.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        return Set(short).count == short.count ? short : folders
    }

    /// Folders with a model, by the last number in their name (those without one first) and then by name.
    ///
    /// Another folder is said and left out: a training that still runs may be writing it.
    private static func checkpointNames(
        in folder: String, _ hooks: EvaluationHooks
    ) throws(EvaluationError) -> [String] {
        guard let entries = Folder.names(in: folder) else {
            throw .file(
                path: folder, line: nil, problem: "cannot be opened as a folder",
                hint: "name a folder of model folders")
        }
        var names: [String] = []
        var others: [String] = []
        for name in entries {
            guard !name.hasPrefix("."), FileStatus(path: "\(folder)/\(name)")?.isFolder == true else {
                continue
            }
            if access("\(folder)/\(name)/config.json", R_OK) == 0 {
                names.append(name)
            } else {
                others.append(name)
            }
        }
        guard !names.isEmpty else {
            let isModel = access("\(folder)/config.json", R_OK) == 0
            throw .file(
                path: folder, line: nil,
                problem: isModel
                    ? "is a model folder itself and holds no model folders" : "holds no model folders",
                hint: others.contains("steps")
                    ? "name \(folder)/steps" : "a model folder holds config.json and model.safetensors")
        }
        for name in others.sorted() {
            hooks.note("warning: \(folder)/\(name) is not a model folder (no config.json) and is left out")
        }
        return names.map { (step: step(of: $0) ?? -1, name: $0) }
            .sorted { ($0.step, $0.name) < ($1.step, $1.name) }.map(\.name)
    }

    /// The last number in a name.
    static func step(of name: String) -> Int? {
        name.split { !$0.isASCII || !$0.isNumber }.last.flatMap { Int($0) }
    }

    // MARK: - Random weights

    private static func randomWeights(
        like configuration: ModelConfiguration, _ request: EvaluationRequest, _ hooks: EvaluationHooks
    ) throws(EvaluationError) -> MeasuredModel {
        var configuration = configuration
        configuration.calibration = nil
        let hash = SHA256()
        Array(configuration.text.utf8).withUnsafeBytes { hash.update($0) }
        let key = hash.finish()
        var keeper: TemporaryModel?
        let folder: String
        if let work = request.workFolder {
            try OutputFiles.makeFolder(work)
            folder = "\(work)/random-\(key.prefix(16))-seed\(request.randomSeed)"
        } else {
            let made = try TemporaryModel()
            keeper = made
            folder = made.folder
        }
        do throws(ModelError) {
            if access("\(folder)/config.json", R_OK) != 0 {
                hooks.note("drawing random weights of the same architecture")
                try ModelFactory.create(
                    at: folder, configuration: configuration, seed: request.randomSeed,
                    threads: request.workers,
                    replacing: true)
            }
            return MeasuredModel(
                name: "random weights", encoder: try VideoEncoder(folder: folder), role: .randomWeights,
                keeper: keeper)
        } catch {
            throw .model(error)
        }
    }
}
