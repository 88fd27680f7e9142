internal import CFFmpeg
import Base

/// A stream of pictures in a file, by the file's own words.
public struct VideoStream: Sendable, Hashable {
    /// Its place among all streams of the file, those of sound too, from 0; as `ffprobe` counts.
    public var number: Int
    /// FFmpeg's name of the codec, such as "h264".
    public var codec: String
    /// Pixels as stored; 0 where that is not said.
    public var width: Int
    /// Pixels as stored; 0 where that is not said.
    public var height: Int
    /// Average frames a second, where known.
    public var frameRate: Double?
    /// As the file has it, such as "deu".
    public var language: String?
    /// What the file calls it.
    public var title: String?
    /// The programme of a broadcast that it belongs to: its name, else its number.
    public var program: String?
    /// Whether players are told to take it.
    public var isDefault: Bool
    /// Whether it is a poster: one picture, or a few beside a film.
    public var isPicture: Bool
    /// Whether it is read where no other is asked for.
    public var isMain: Bool

    /// A stream of these parts.
    package init(
        number: Int, codec: String, width: Int, height: Int, frameRate: Double? = nil,
        language: String? = nil, title: String? = nil, program: String? = nil, isDefault: Bool = false,
        isPicture: Bool = false, isMain: Bool = false
    ) {
        self.number = number
        self.codec = codec
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.language = language
        self.title = title
        self.program = program
        self.isDefault = isDefault
        self.isPicture = isPicture
        self.isMain = isMain
    }

    /// What the number of a stream may be.
    public static let numbers = 0...9999
    /// Streams that are told of, at most.
    package static let most = 100

    /// All streams of pictures in a file, in its order. Nothing is decoded.
    ///
    /// Throws what `ClipReader` throws on opening, `.noVideoStream` where there is none but a cover.
    ///
    /// - Parameter timeLimit: seconds of reading after which the file is given up.
    public static func all(
        path: String, timeLimit: Double = 60, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(VideoError) -> [VideoStream] {
        _ = FrameReader.silence
        mixtape_log_clear()
        let interruption = Interruption(timeLimit: timeLimit, growth: 0, isCancelled: isCancelled)
        interruption.resume()
        let opened = try OpenedFile(try RegularFile(path: path), interruption: interruption)
        return opened.choice.candidates.prefix(most).map { VideoStream($0, of: opened) }
    }

    private init(_ candidate: StreamChoice.Candidate, of opened: OpenedFile) {
        let stream = candidate.stream.pointee
        let parameters = stream.codecpar.pointee
        let isLone = opened.choice.candidates.count == 1
        self.init(
            number: Int(stream.index), codec: StreamChoice.codecName(candidate.stream),
            width: max(0, Int(parameters.width)), height: max(0, Int(parameters.height)),
            frameRate: FrameReader.frameRate(candidate.stream),
            language: Self.text("language", in: stream.metadata).flatMap { $0 == "und" ? nil : $0 },
            title: Self.text("title", in: stream.metadata),
            program: Self.program(of: stream.index, in: opened.demuxer.pointer),
            isDefault: stream.disposition & AV_DISPOSITION_DEFAULT != 0,
            isPicture: isLone ? candidate.isPicture && !candidate.isFilm : !candidate.isFilm,
            isMain: candidate.stream == opened.choice.stream)
    }

    private static let longestText = 200

    private static func text(_ name: String, in facts: OpaquePointer?) -> String? {
        guard let value = av_dict_get(facts, name, nil, 0)?.pointee.value else { return nil }
        let text = String(String(cString: value).prefix(longestText))
        return text.isEmpty ? nil : text
    }

    private static func program(of stream: Int32, in context: UnsafePointer<AVFormatContext>) -> String? {
        for index in 0..<Int(context.pointee.nb_programs) {
            guard let program = context.pointee.programs[index]?.pointee, let streams = program.stream_index
            else { continue }
            if (0..<Int(program.nb_stream_indexes)).contains(where: { streams[$0] == UInt32(stream) }) {
                return text("service_name", in: program.metadata) ?? String(program.id)
            }
        }
        return nil
    }
}
