internal import FoundationEssentials

import Glibc

/// The inputs of a training beside its choices, so that a continuation needs no options. `training.json` has it
/// as `run`, which is passed over where the file is read for another run's choices.
public struct TrainingRecord: Codable, Sendable, Equatable {
    /// Folders of videos, absolute.
    public var folders: [String]
    /// Folders of pictures, absolute.
    public var stills: [String] = []
    /// Of `VideoSelection`.
    public var holdOut: Int?
    /// Lists of what stays out, absolute.
    public var excludeFiles: [String] = []
    /// The architecture, where the run began with random weights.
    public var preset: String?
    /// Of the embedding, with the preset.
    public var dimension: Int?
    /// The folder of the model that the run began with, absolute.
    public var model: String?
    /// Pixels a side of the clips in training; nil for the model's own.
    public var size: Int?
    /// Of the network's products, by name.
    public var precision: String?
    /// The clip cache, absolute; nil for the usual one.
    public var cache: String?

    /// A run on these folders.
    public init(folders: [String]) { self.folders = folders }

    /// Where the choices of the run in a folder are.
    public static func path(folder: String) -> String { "\(folder)/training.json" }

    /// The record in a `training.json`; nil where it has none.
    public init?(json: String) {
        struct File: Decodable { var run: TrainingRecord? }
        guard let file = try? JSONCoding.decoder().decode(File.self, from: Data(json.utf8)),
            let run = file.run
        else { return nil }
        self = run
    }

    /// A path that means the same from another working folder.
    public static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }
}

extension TrainingConfiguration {
    /// The JSON form with what the run is made of.
    func json(with record: TrainingRecord?) -> String {
        struct File: Encodable {
            var choices: TrainingConfiguration
            var run: TrainingRecord?

            enum Keys: CodingKey { case run }

            func encode(to encoder: any Encoder) throws {
                try choices.encode(to: encoder)
                var container = encoder.container(keyedBy: Keys.self)
                try container.encodeIfPresent(run, forKey: .run)
            }
        }
        let file = File(choices: self, run: record)
        guard let data = try? JSONCoding.encoder(pretty: true).encode(file) else { return json }
        return String(decoding: data, as: UTF8.self)
    }
}
