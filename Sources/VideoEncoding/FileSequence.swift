import Base
import Distributions
import VideoDecoding

/// A file that waits for encoding.
public struct FileToEncode: Sendable, Equatable {
    /// Where it is.
    public var path: String
    /// Seconds, beyond the running time of what was read, after which the file is given up.
    public var timeLimit: Double
    /// Threads of its decoder.
    public var decoderThreads: Int
    /// The number of the stream to read; nil for the file's main one.
    public var stream: Int?

    /// The whole of a file.
    public init(path: String, timeLimit: Double = 600, decoderThreads: Int = 1, stream: Int? = nil) {
        self.path = path
        self.stream = stream
        self.timeLimit = timeLimit
        self.decoderThreads = decoderThreads
    }
}

extension [FileToEncode] {
    /// Encodes one after the other, each by itself, and gives each one's result.
    package func oneByOne(
        _ deliver: (Int, Result<EncodedVideo, VideoError>) -> Void,
        encode: (FileToEncode) throws(VideoError) -> EncodedVideo
    ) {
        for (number, file) in enumerated() {
            deliver(number, Result { () throws(VideoError) in try encode(file) })
        }
    }
}

extension StreamFacts {
    /// How much of the video lies before a time, 0 to 1; nil where it does not say how long it is.
    func share(before time: Double) -> Double? {
        guard let duration, duration > 0, time.isFinite else { return nil }
        return max(0, min(1, time / duration))
    }
}

/// A clip and what it became.
struct EncodedClip: Sendable {
    var interval: TimeRange
    var gaussian: Gaussian
    var signature: ClipSignature

    init(_ clip: Clip, _ gaussian: Gaussian, _ configuration: ModelConfiguration) {
        interval = clip.interval
        self.gaussian = gaussian
        signature = ClipSignature(clip, plan: configuration.plan, geometry: configuration.geometry)
    }
}

/// Files that are read one after the other on one thread, and whose clips share the network's batches: most short videos
/// have fewer clips than are fastest together.
struct FileSequence {
    private struct State {
        var facts: StreamFacts?
        var order = ClipOrder()
        var clips: [EncodedClip] = []
        var failure: VideoError?
        var isRead = false
    }
    private let lane: EncodingLane
    private let files: [(path: String, options: ReadingOptions)]
    private let progress: (Int, Double) -> Void
    private var states: [State]
    /// Read, and not yet encoded.
    private var waiting: [(file: Int, clip: Clip)] = []
    private var delivered = 0

    /// - Parameter progress: gets a file's place and the share of it that was read, with each clip.
    init(
        _ files: [(path: String, options: ReadingOptions)], lane: EncodingLane,
        progress: @escaping (Int, Double) -> Void
    ) {
        self.lane = lane
        self.files = files
        self.progress = progress
        states = files.map { _ in State() }
    }

    /// Gives each file's result, in order, as soon as it is there.
    mutating func run(_ deliver: (Int, Result<EncodedVideo, VideoError>) -> Void) {
        for number in files.indices {
            do throws(VideoError) {
                try read(number)
            } catch {
                states[number].failure = error
                waiting.removeAll { $0.file == number }
            }
            states[number].isRead = true
            deliverComplete(deliver)
        }
        encodeWaiting()
        deliverComplete(deliver)
    }

    private mutating func read(_ number: Int) throws(VideoError) {
        let reader = try ClipReader(path: files[number].path, options: files[number].options)
        while let clip = try reader.next() {
            if let share = reader.facts.share(before: clip.interval.stop) { progress(number, share) }
            guard states[number].order.mustEncode(clip) else { continue }
            waiting.append((number, clip))
            if waiting.count >= lane.favouredBatch { encodeWaiting() }
            if let failure = states[number].failure { throw failure }
        }
        states[number].facts = reader.facts
    }

    private mutating func encodeWaiting() {
        let clips = waiting
        waiting = []
        do throws(ModelError) {
            try encode(clips)
        } catch {
            // A file is not to fail for its neighbour.
            for one in clips where states[one.file].failure == nil {
                do throws(ModelError) {
                    try encode([one])
                } catch {
                    states[one.file].failure = EncoderSession.failure(error, files[one.file].path)
                }
            }
        }
    }

    private mutating func encode(_ clips: [(file: Int, clip: Clip)]) throws(ModelError) {
        let encoded = try lane.encodeWithSignatures(clips.map(\.clip))
        for (one, clip) in zip(clips, encoded) {
            states[one.file].clips.append(clip)
        }
    }

    private mutating func deliverComplete(_ deliver: (Int, Result<EncodedVideo, VideoError>) -> Void) {
        while delivered < states.count, states[delivered].isRead, waiting.first?.file != delivered {
            let (path, state) = (files[delivered].path, states[delivered])
            deliver(
                delivered,
                Result { () throws(VideoError) in
                    if let failure = state.failure { throw failure }
                    return try EncoderSession.video(path, state.facts, state.order.all(state.clips))
                })
            states[delivered].clips = []
            delivered += 1
        }
    }
}
