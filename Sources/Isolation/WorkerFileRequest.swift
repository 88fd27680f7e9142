import Base
import VideoDecoding

/// What a worker is to do with the file that comes with it.
struct WorkerFileRequest: Equatable {
    /// What to encode of it.
    struct Encoding: Equatable {
        /// Nil for all of it.
        var range: TimeRange?
        /// Seconds from the start of one clip to the next; nil for the model's.
        var stride: Double?
        /// Seconds of video that are read at most, where longer ones are refused; nil for any.
        var longest: Double?
        /// Whether a still picture is a video of one frame.
        var admitsPictures = false
        /// How the pictures are looked at: an answer for each.
        var views = [PictureView.plain]
        /// Whether the video's panels are wanted.
        var findsPanels = false

        /// All of it, as an index wants it.
        static let whole = Encoding()
    }

    enum Task: Equatable {
        /// Encode it, or a part of it.
        case encode(Encoding)
        /// Make a picture of what is on screen at so many seconds, of so many pixels at most.
        case picture(time: Double, width: Int)
        /// Hand over clips as they are.
        case clips(ClipRequest)
        /// Say how long it lasts; what a clip is decides how it is read where the container doesn't say.
        case duration(ClipRequest)
        /// Hand over a still picture.
        case still(FrameGeometry)
        /// Name the streams of pictures.
        case streams

        /// Bytes of the frames of each clip that is handed over; 0 where none are.
        var clipBytes: Int {
            switch self {
            case .clips(let clips): clips.clipBytes
            case .still(let geometry): geometry.frameBytes
            case .encode, .picture, .duration, .streams: 0
            }
        }

        /// Seconds that the time limit grows for each second of video that was reached.
        var growth: Double {
            switch self {
            case .encode(let encoding): encoding.longest == nil ? 1 : 0
            case .clips(let clips), .duration(let clips): clips.growth
            case .picture, .still, .streams: 0
            }
        }
    }

    var task = Task.encode(.whole)
    /// The number of the stream to read; nil for the file's main one.
    var stream: Int?
    /// Seconds, beyond the running time of what was read, after which the file is given up.
    var timeLimit: Double
    var decoderThreads: Int
    /// Of the model that must encode it; nil for any, or none.
    var fingerprint: String?
    /// Whether another request follows at once, whose clips may run together with this one's.
    var hasNext = false

    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("time_limit", .number(timeLimit)), .init("decoder_threads", .number(decoderThreads)),
            .init("has_next", .bool(hasNext)),
        ]
        switch task {
        case .encode(let encoding):
            if let range = encoding.range {
                members.append(.init("from", .number(range.start)))
                if range.stop < .infinity { members.append(.init("to", .number(range.stop))) }
            }
            if let fingerprint { members.append(.init("model", .string(fingerprint))) }
            if let stride = encoding.stride { members.append(.init("stride", .number(stride))) }
            if let longest = encoding.longest { members.append(.init("longest", .number(longest))) }
            if encoding.admitsPictures { members.append(.init("pictures", true)) }
            if encoding.findsPanels { members.append(.init("panels", true)) }
            if encoding.views != [.plain] {
                members.append(.init("views", .array(encoding.views.map(\.json))))
            }
        case .picture(let time, let width):
            members.append(.init("picture", ["time": .number(time), "width": .number(width)]))
        case .clips(let clips): members.append(.init("clips", clips.json))
        case .duration(let clips): members.append(.init("duration", clips.json))
        case .still(let geometry): members.append(.init("still", geometry.json))
        case .streams: members.append(.init("streams", true))
        }
        if let stream { members.append(.init("stream", .number(stream))) }
        return .object(members)
    }

}

extension WorkerFileRequest {
    /// Nil where the bytes are no request.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes), let limit = value["time_limit"]?.doubleValue,
            let threads = value["decoder_threads"]?.intValue
        else { return nil }
        self.init(
            stream: value["stream"]?.intValue, timeLimit: limit,
            decoderThreads: min(max(1, threads), EncodingWorker.mostDecoderThreads),
            fingerprint: value["model"]?.stringValue, hasNext: value["has_next"]?.boolValue == true)
        if let picture = value["picture"] {
            guard let time = picture["time"]?.doubleValue, let width = picture["width"]?.intValue,
                Thumbnail.widths.contains(width)
            else { return nil }
            task = .picture(time: time, width: width)
        } else if let wanted = value["clips"] {
            guard let clips = ClipRequest(wanted) else { return nil }
            task = .clips(clips)
        } else if let wanted = value["duration"] {
            guard let clips = ClipRequest(wanted) else { return nil }
            task = .duration(clips)
        } else if let wanted = value["still"] {
            guard let geometry = FrameGeometry(json: wanted) else { return nil }
            task = .still(geometry)
        } else if value["streams"] != nil {
            task = .streams
        } else {
            let range = value["from"]?.doubleValue.map {
                TimeRange(start: $0, stop: value["to"]?.doubleValue ?? .infinity)
            }
            var encoding = Encoding(
                range: range, stride: value["stride"]?.doubleValue, longest: value["longest"]?.doubleValue,
                admitsPictures: value["pictures"]?.boolValue == true)
            encoding.findsPanels = value["panels"]?.boolValue == true
            if let wanted = value["views"]?.arrayValue {
                encoding.views = wanted.compactMap(PictureView.init(json:))
                guard encoding.views.count == wanted.count, (1...PictureView.most).contains(wanted.count)
                else { return nil }
            }
            task = .encode(encoding)
        }
    }
}
