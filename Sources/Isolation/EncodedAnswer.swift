import Base
import Distributions
import Indexing
import VideoDecoding
import VideoEncoding

/// How a worker process hands back an encoded video: a message with what is said of the file and the number of clips, then messages
/// whose bytes are some of the clips as the index stores them (`ClipBytes`); or the message of an error. The encoder rounds to
/// float16, so nothing is lost.
package enum EncodedAnswer {
    /// What a worker has to say.
    package typealias Outcome = Result<EncodedVideo, WorkerFailure>

    /// Clips of a message: what a worker makes wait in memory is little, however many it announces.
    private static let mostClipsOfMessage = 256

    package static func write(_ outcome: Outcome) -> [WorkerMessage] {
        switch outcome {
        case .failure(let failure): [failure.answer]
        case .success(let video): write(video)
        }
    }

    private static func write(_ video: EncodedVideo) -> [WorkerMessage] {
        let count = video.intervals.count
        var messages = [
            WorkerMessage(
                "video",
                .object(
                    UntrustedVideo.members(video.facts) + [
                        .init("other_streams", .number(video.facts.otherStreams))
                    ]),
                [.init("clips", .number(count))]
                    + (video.panels.isEmpty ? [] : [.init("panels", .array(video.panels.map(\.json)))]))
        ]
        for first in stride(from: 0, to: count, by: mostClipsOfMessage) {
            let some = first..<min(count, first + mostClipsOfMessage)
            guard
                let clips = ClipBytes(
                    Array(video.intervals[some]),
                    GaussianMixture(components: Array(video.mixture.components[some])),
                    video.signatures.count == count ? Array(video.signatures[some]) : [])
            else {
                let failure = WorkerFailure(
                    reason: VideoError.Reason.encodingFailed.rawValue,
                    message: "the network's values are beyond float16")
                return [failure.answer]
            }
            messages.append(WorkerMessage("part", .number(some.count), bytes: clips.joined))
        }
        return messages
    }

    /// Bytes that a message has at most behind its header.
    ///
    /// - Parameter dimension: of the Gaussians.
    package static func mostBytes(dimension: Int) -> Int {
        ClipBytes.joinedCount(clipCount: mostClipsOfMessage, dimension: dimension, hasSignatures: true)
    }

    /// Reads all that a worker wrote of one video.
    ///
    /// - Returns: nil where the bytes are not an outcome, or not all of one, or more.
    package static func read(_ bytes: [UInt8], dimension: Int) -> Outcome? {
        var output = WorkerOutput()
        output.mostBytes = mostBytes(dimension: dimension)
        output.add(bytes[...])
        var reader = Reader(dimension: dimension, mostClips: ClipCount.most)
        while case .message(let message) = output.take() {
            switch reader.take(message) {
            case .more: continue
            case .end(let outcome): return output.take() == nil && output.isEmpty ? outcome : nil
            case .nonsense: return nil
            }
        }
        return nil
    }

    /// Makes an outcome of messages, one after the other, and stops at the first that could not stand there. Nothing in them is
    /// trusted: they may come from a process that a hostile file took over. Nothing is kept but the clips, of which there are no
    /// more than the file may have.
    package struct Reader {
        private let dimension: Int
        private let mostClips: Int
        private var announced: (facts: StreamFacts, clips: Int, panels: [PictureRegion])?
        private var intervals: [TimeRange] = []
        private var gaussians: [Gaussian] = []
        private var signatures: [ClipSignature] = []

        /// Has read nothing yet.
        ///
        /// - Parameters:
        ///   - dimension: the width that every Gaussian must have.
        ///   - mostClips: that the video may have.
        package init(dimension: Int, mostClips: Int) {
            self.dimension = dimension
            self.mostClips = mostClips
        }

        package mutating func take(_ message: WorkerMessage) -> Heard<EncodedVideo> {
            guard let announced else {
                if let heard: Heard<EncodedVideo> = WorkerFailure.heard(message) { return heard }
                guard message.hasOnly("video", "clips") || message.hasOnly("video", "clips", "panels"),
                    let facts = message.header["video"].flatMap(UntrustedVideo.facts),
                    let clips = message.header["clips"]?.intValue, clips > 0, clips <= mostClips
                else { return .nonsense }
                let regions = message.header["panels"]?.arrayValue ?? []
                guard regions.count <= PanelFinder.most else { return .nonsense }
                let panels = regions.compactMap(PictureRegion.init(json:))
                guard panels.count == regions.count else { return .nonsense }
                announced = (facts, clips, panels)
                return .more
            }
            guard message.hasOnly("part", "bytes"), let count = message.header["part"]?.intValue, count > 0,
                count <= announced.clips - intervals.count, takeClips(message.bytes, count)
            else { return .nonsense }
            if intervals.count < announced.clips { return .more }
            var video = EncodedVideo(
                facts: announced.facts, intervals: intervals,
                mixture: GaussianMixture(components: gaussians), signatures: signatures)
            video.panels = announced.panels
            return .end(.success(video))
        }

        private mutating func takeClips(_ bytes: [UInt8], _ count: Int) -> Bool {
            guard let bytes = ClipBytes(joined: bytes, clipCount: count, dimension: dimension),
                let clips = bytes.believable(clipCount: count, dimension: dimension),
                BelievableVideo.follows(clips.intervals[0], intervals.last),
                // All clips have one, or none has.
                intervals.isEmpty || signatures.isEmpty == clips.signatures.isEmpty
            else { return false }
            intervals += clips.intervals
            gaussians += clips.mixture.components
            signatures += clips.signatures
            return true
        }
    }

    /// The same of a video that was looked at in several views, which come one after the other.
    package struct ViewsReader {
        private let start: Reader
        private let count: Int
        private var reader: Reader
        private var videos: [EncodedVideo] = []

        /// - Parameter count: of views.
        package init(dimension: Int, mostClips: Int, count: Int) {
            start = Reader(dimension: dimension, mostClips: mostClips)
            reader = start
            self.count = count
        }

        package mutating func take(_ message: WorkerMessage) -> Heard<[EncodedVideo]> {
            switch reader.take(message) {
            case .more: return .more
            case .nonsense: return .nonsense
            case .end(.failure(let failure)):
                // What fails does so in all views.
                return videos.isEmpty ? .end(.failure(failure)) : .nonsense
            case .end(.success(let video)):
                videos.append(video)
                reader = start
                return videos.count < count ? .more : .end(.success(videos))
            }
        }
    }
}
