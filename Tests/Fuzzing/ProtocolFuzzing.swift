import Base
import Distributions
import Glibc
import Indexing
import Library
import Service
import Synchronization
import VideoDecoding
import VideoEncoding

/// What a client sends, as lines: a conversation with a small library. `$` stands for the library's folder, so that inputs
/// fit every machine.
///
/// What writes other places than the library's decisions (`index`, `watch`, `remove`) meets a library without an index and a
/// model: its parameters are read, and the rest is an error.
enum ProtocolFuzzing {
    static let target = FuzzTarget(
        name: "protocol",
        seeds: {
            let requests = [
                ("info", "{\"failures\":true}"), ("videos", "{\"limit\":2,\"offset\":1}"),
                ("search", "{\"video\":\"$/v/0.mp4\",\"limit\":3,\"exclude_self\":true}"),
                ("search", "{\"video\":\"$/clip.y4m\",\"from\":0.1,\"to\":1,\"granularity\":\"clip\"}"),
                ("search", "{\"videos\":[\"$/v/0.mp4\",\"$/v/1.mp4\"],\"granularity\":\"video\"}"),
                ("search", "{\"video\":\"$/v/0.mp4\",\"like\":[\"$/v/1.mp4\"],\"unlike\":[\"$/v/2.mp4\"]}"),
                ("search", "{\"video\":\"$/v/0.mp4\",\"mode\":\"iid\",\"samples\":3,\"lambda\":0.5}"),
                (
                    "search",
                    "{\"video\":\"$/v/0.mp4\",\"paths\":[\"*.mp4\"],\"not_paths\":[\"**/2*\"],\"min_duration\":1,"
                        + "\"max_duration\":9,\"modified_after\":0,\"modified_before\":2e9,\"min_size\":0,"
                        + "\"max_size\":99999999,\"max_distance\":9}"
                ),
                ("duplicates", "{}"), ("reject_duplicates", "{\"paths\":[\"$/v/0.mp4\",\"$/v/1.mp4\"]}"),
                ("restore_duplicates", "{\"paths\":[\"$/v/0.mp4\",\"$/v/1.mp4\"]}"),
                ("duplicate_decisions", "{}"), ("version", "{}"),
                ("index", "{\"folders\":[\"/x\"],\"prune\":true,\"workers\":2}"),
                ("watch", "{\"folders\":[\"/x\"],\"quiet\":1}"), ("remove", "{\"paths\":[\"/x\"]}"),
                ("thumbnail", "{\"video\":\"$/clip.y4m\",\"time\":0.5,\"width\":32}"),
                ("streams", "{\"video\":\"$/clip.y4m\"}"),
                ("projection", "{\"videos\":[1,2]}"), ("cancel", "{\"id\":1}"), ("none", "{}"),
            ]
            let lines = requests.map { method, parameters in
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\(method)\",\"params\":\(parameters)}\n"
            }
            let batch = "[" + lines.prefix(3).map { String($0.dropLast()) }.joined(separator: ",") + "]\n"
            return (lines + [batch, "[]\n", "{}\n{\"jsonrpc\":\"2.0\",\"method\":\"info\"}\n"]).map {
                Array($0.utf8)
            } + lines.flatMap { Edges.variants(of: Array($0.utf8)) }
        },
        run: { bytes in
            let library = Library.shared
            var input: [UInt8] = []
            for byte in bytes {
                if byte == UInt8(ascii: "$") {
                    input += Array(library.folder.utf8)
                } else {
                    input.append(byte)
                }
            }
            let replies = Mutex<[String]>([])
            let connection = Connection(answering: library.answer) { reply in
                replies.withLock { $0.append(reply) }
            }
            for line in input.split(separator: 0x0A).prefix(16) { connection.receive(line: Array(line)) }
            connection.waitUntilIdle()
            for reply in replies.withLock({ $0 }) {
                try must(!reply.contains("\n"), "a reply of several lines")
                guard let value = try? JSONValue(parsing: reply) else {
                    throw FuzzFailure(description: "a reply that is not JSON: \(reply)")
                }
                for answer in value.arrayValue ?? [value] {
                    try must(answer["jsonrpc"] == "2.0", "a reply that is none: \(reply)")
                    let code = answer["error"]?["code"]?.intValue
                    try must(code != RPCError.Code.internalError.rawValue, "a fault of ours: \(reply)")
                }
            }
        })

    private final class Library: Sendable {
        static let shared: Library = {
            do { return try Library() } catch { fatalError("\(error)") }
        }()

        let folder: String
        private let handler: RequestHandler
        private let nowhere: RequestHandler

        init() throws {
            folder = Scratch.newFolder("library")
            let model = "\(folder)/model"
            guard var configuration = ModelPreset(name: "slowonly18-w8")?.configuration(dimension: 8) else {
                throw FuzzFailure(description: "there is no such preset")
            }
            configuration.plan = ClipPlan(framesPerClip: 2, clipDuration: 0.5, clipStride: 0.5)
            configuration.geometry = FrameGeometry(width: 32, height: 32)
            try ModelFactory.create(at: model, configuration: configuration, seed: 3, clipCount: 4)
            let encoder = try VideoEncoder(folder: model)
            let indexModel = IndexModel(
                name: encoder.configuration.name, fingerprint: encoder.fingerprint,
                dimension: encoder.configuration.dimension)
            mkdir("\(folder)/v", 0o755)
            let index = try VideoIndex.open(
                writingTo: "\(folder)/index", model: indexModel, durability: .process)
            for number in 0..<4 { try Self.store(number, folder, index) }
            index.close()
            Scratch.write(Array(VideoFuzzing.target.seedVideo), to: "\(folder)/clip.y4m")
            handler = RequestHandler(
                library: VideoLibrary(
                    LibraryConfiguration(indexFolder: "\(folder)/index", modelFolder: model)))
            nowhere = RequestHandler(
                library: VideoLibrary(
                    LibraryConfiguration(indexFolder: "\(folder)/none", modelFolder: "\(folder)/none")))
        }

        private static func store(_ number: Int, _ folder: String, _ index: VideoIndex) throws {
            let path = "\(folder)/v/\(number).mp4"
            Scratch.write(Array("no video: \(number)".utf8), to: path)
            let dimension = index.model.dimension
            try index.store(
                FileIdentity(path: path, fingerprint: "a\(number)", size: 11, modified: 7),
                facts: StreamFacts(
                    container: "mov,mp4", codec: "h264", width: 64, height: 48, duration: 2, frameRate: 25),
                intervals: [TimeRange(start: 0, stop: 1), TimeRange(start: 1, stop: 2)],
                mixture: GaussianMixture(
                    components: (0..<2).map { clip in
                        Gaussian(
                            mean: (0..<dimension).map { Float(($0 + 3 * number + clip) % 7) },
                            logVariance: Array(repeating: Float(number) - 1, count: dimension))
                    }))
        }

        let answer: Connection.Answering = { (method, parameters, context) throws(RPCError) in
            let library = Library.shared
            switch method {
            case .index, .watch, .remove: return try library.nowhere.run(method, parameters, context: context)
            default: return try library.handler.run(method, parameters, context: context)
            }
        }
    }
}

extension FuzzTarget {
    /// The first seed without its first byte: for the target of videos, a video.
    fileprivate var seedVideo: ArraySlice<UInt8> { ((try? seeds())?.first ?? []).dropFirst() }
}
