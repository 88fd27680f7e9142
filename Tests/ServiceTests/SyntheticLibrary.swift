import Base
import Distributions
import Foundation
import Indexing
import Library
import Service
import TestSupport
import VideoEncoding

/// A library whose videos are distributions made by hand, at files that hold no video: whatever it
/// answers was not decoded, and needed no model.
final class SyntheticLibrary: Sendable {
    static let model = IndexModel(
        name: "synthetic", fingerprint: String(repeating: "a1", count: 32), dimension: 4)
    let folder: TemporaryFolder
    let library: VideoLibrary

    /// Videos `v0.mp4`, `v1.mp4`… on a line, one unit apart.
    init(videos: Int, calibration: ScoreCalibration? = nil) throws {
        folder = try TemporaryFolder()
        if let calibration, var model = ModelPreset(name: "slowonly18-w8")?.configuration() {
            model.calibration = calibration
            try FileManager.default.createDirectory(
                atPath: folder.path + "/model", withIntermediateDirectories: true)
            try model.text.write(
                toFile: folder.path + "/model/config.json", atomically: true, encoding: .utf8)
        }
        library = VideoLibrary(
            LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: folder.path + "/model"))
        let index = try VideoIndex.open(writingTo: folder.path + "/index", model: Self.model)
        defer { index.close() }
        for number in 0..<videos { try store(number, in: index) }
    }

    var handler: RequestHandler { RequestHandler(library: library) }

    func path(_ number: Int) -> String { "\(folder.path)/v\(number).mp4" }

    func store(_ number: Int, in index: VideoIndex) throws {
        try "not a video: \(number)".write(toFile: path(number), atomically: false, encoding: .utf8)
        let clips = (0..<2).map { clip in
            Gaussian(
                mean: [Float(number), Float(clip) * 0.5, 0, 1],
                logVariance: Array(repeating: -2, count: Self.model.dimension))
        }
        try index.store(
            identity(number),
            facts: StreamFacts(
                container: "mp4", codec: "h264", width: 320, height: 240, duration: 4, frameRate: 25),
            intervals: [TimeRange(start: 0, stop: 2), TimeRange(start: 2, stop: 4)],
            mixture: GaussianMixture(components: clips))
    }

    func identity(_ number: Int) throws -> FileIdentity {
        var status = stat()
        guard stat(path(number), &status) == 0 else { throw CocoaError(.fileNoSuchFile) }
        return FileIdentity(
            path: path(number),
            fingerprint: String(String(number + (1 << 40)).suffix(12)) + String(repeating: "0", count: 52),
            size: Int64(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }

    func writing<R>(_ body: (VideoIndex) throws -> R) throws -> R {
        let index = try VideoIndex.open(writingTo: folder.path + "/index", model: Self.model)
        defer { index.close() }
        return try body(index)
    }
}

/// What the schema has against a result.
func problems(_ result: JSONValue, as definition: String) -> [String] {
    ProtocolSchema.shared.problems(of: result, against: "#/$defs/\(definition)")
}

/// The error that a request ends with; nil where it has a result.
func rpcError(_ body: () throws -> JSONValue) -> RPCError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? RPCError
    }
}
