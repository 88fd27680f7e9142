import Base
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
    /// What looks like a video of its own in its picture; empty where parts are not compared.
    public let panels: [EncodedView]
    /// Of the file's content; seeds the samples of the `iid` mode, and is empty where another mode is asked for.
    public var fingerprint = ""

    /// Seconds between the starts of the clips by which parts of a file are placed. Measured with 5-second excerpts
    /// (`tools/measure/segments`): at the index's own 2 s an excerpt lies up to a second beside its place.
    private static let fineStride = 0.5
    /// Files of more clips are placed by those alone: a long query has enough of them.
    private static let mostFineClips = 30
    /// Seconds between the starts of a panel's clips, which are encoded once.
    private static let panelStride = 1.0

    /// How a file is to be encoded.
    public struct Wanted: Sendable {
        /// Seconds from the start of one clip to the next; nil for the model's.
        public var stride: Double?
        /// How the pictures are looked at.
        public var views = [PictureView.plain]
        /// Whether the panels are wanted too.
        public var findsPanels = false
    }

    /// Encodes a file once or twice, and once more where it shows panels.
    ///
    /// - Parameters:
    ///   - comparesParts: whether parts of it may be compared with parts.
    ///   - encode: given what is wanted of the file; gives a video for each view.
    public init(
        comparesParts: Bool, encode: (Wanted) throws(LibraryError) -> [EncodedVideo]
    ) throws(LibraryError) {
        let video = try encode(Wanted(findsPanels: comparesParts))[0]
        self.video = video
        let hasFew = video.intervals.count <= Self.mostFineClips && !video.facts.isPicture
        fine = comparesParts && hasFew ? try encode(Wanted(stride: Self.fineStride))[0] : nil
        let views =
            comparesParts && !video.facts.isPicture ? video.panels.map { PictureView(region: $0) } : []
        panels =
            views.isEmpty
            ? []
            : zip(views, try encode(Wanted(stride: hasFew ? Self.panelStride : nil, views: views))).map(
                EncodedView.init)
    }

    /// The clips as the alignment sees them.
    func track(comparesParts: Bool) -> ClipTrack {
        let track = ClipTrack(intervals: video.intervals, gaussians: video.mixture.components)
        guard comparesParts, let fine else { return track }
        return track.adding(ClipTrack(intervals: fine.intervals, gaussians: fine.mixture.components))
    }
}

/// A video as it looks in one way.
public struct EncodedView: Sendable {
    /// How its pictures are looked at.
    public let view: PictureView
    /// What it becomes then.
    public let video: EncodedVideo
}
