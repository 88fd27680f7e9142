import Glibc
import VideoDecoding
import VideoEncoding

/// A model and the name that reports give it.
struct MeasuredModel {
    /// What the model is for in the report.
    enum Role { case model, randomWeights, checkpoint }
    var name: String
    var encoder: VideoEncoder
    var role: Role
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
            models.append(MeasuredModel(name: "random weights", encoder: random, role: .randomWeights))
        }
        if let folder = request.checkpoints {
            for name in try checkpointNames(in: folder) {
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
    private static func checkpointNames(in folder: String) throws(EvaluationError) -> [String] {
        guard let stream = opendir(folder) else {
            throw .file(
                path: folder, line: nil, problem: "cannot be opened as a folder",
                hint: "name a folder of model folders")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), access("\(folder)/\(name)/config.json", R_OK) == 0 { names.append(name) }
        }
        guard !names.isEmpty else {
            throw .file(
                path: folder, line: nil, problem: "holds no model folders",
                hint: "a model folder holds config.json and model.safetensors")
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
    ) throws(EvaluationError) -> VideoEncoder {
        var configuration = configuration
        configuration.calibration = nil
        let hash = SHA256()
        Array(configuration.text.utf8).withUnsafeBytes { hash.update($0) }
        let key = hash.finish()
        let isKept = request.workFolder != nil
        let parent: String
        if let work = request.workFolder {
            try OutputFiles.makeFolder(work)
            parent = work
        } else {
            parent = try temporaryFolder()
        }
        let folder = "\(parent)/random-\(key.prefix(16))-seed\(request.randomSeed)"
        defer {
            if !isKept {
                for name in ["config.json", "model.safetensors", "README.md"] { unlink("\(folder)/\(name)") }
                rmdir(folder)
                rmdir(parent)
            }
        }
        do throws(ModelError) {
            if access("\(folder)/config.json", R_OK) != 0 {
                hooks.note("drawing random weights of the same architecture")
                try ModelFactory.create(
                    at: folder, configuration: configuration, seed: request.randomSeed,
                    threads: request.workers,
                    replacing: true)
            }
            return try VideoEncoder(folder: folder)
        } catch {
            throw .model(error)
        }
    }

    private static func temporaryFolder() throws(EvaluationError) -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/mixtape-evaluate-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw .file(
                path: base, line: nil, problem: "no folder can be made there", hint: "name one with --work")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
