import Retrieval
import VideoEncoding

/// A query's file, or the part of it that is searched for, as the model sees it: encoded alike wherever that is done, so that
/// every way of asking finds the same.
public struct EncodedQuery: Sendable {
    /// By which videos are ranked.
    public let video: EncodedVideo
    /// The same with clips that start more often, by which parts are placed as well; nil where parts are not compared, or
    /// there are clips enough.
    public let fine: EncodedVideo?
    /// Of the file's content; seeds the samples of the `iid` mode, and is empty where another mode is asked for.
    public var fingerprint = ""

    /// Seconds between the starts of the clips by which parts of a file are placed. Measured with 5-second excerpts
    /// (`tools/measure/segments`): at the index's own 2 s an excerpt lies up to a second beside its place.
    private static let fineStride = 0.5
    /// Files of more clips are placed by those alone: a long query has enough of them.
    private static let mostFineClips = 30

    /// Encodes a file once or twice.
    ///
    /// - Parameters:
    ///   - comparesParts: whether parts of it may be compared with parts.
    ///   - encode: given the seconds from the start of one clip to the next, nil for the model's.
    public init(
        comparesParts: Bool, encode: (_ stride: Double?) throws(LibraryError) -> EncodedVideo
    ) throws(LibraryError) {
        video = try encode(nil)
        let hasFew = video.intervals.count <= Self.mostFineClips && !video.facts.isPicture
        fine = comparesParts && hasFew ? try encode(Self.fineStride) : nil
    }

    /// The clips as the alignment sees them.
    func track(comparesParts: Bool) -> ClipTrack {
        let track = ClipTrack(intervals: video.intervals, gaussians: video.mixture.components)
        guard comparesParts, let fine else { return track }
        return track.adding(ClipTrack(intervals: fine.intervals, gaussians: fine.mixture.components))
    }
}
