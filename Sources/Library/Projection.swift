import Base
import Distributions
import Indexing
import VideoEncoding

/// Which videos to lay out in one plane.
public struct ProjectionRequest: Sendable, Equatable {
    /// Numbers of indexed videos.
    public var videos: [Int64]
    /// The most videos of one plane.
    package static let mostVideos = 16

    /// Videos to lay out together.
    public init(videos: [Int64]) { self.videos = videos }
}

/// Videos' mixtures in the plane along which their clips' means spread most.
public struct Projection: Sendable {
    /// One mixture of the plane.
    public struct Mixture: Sendable {
        /// The video's number; nil for one that is not in the index.
        public var id: Int64?
        /// Each clip's part of the video and its Gaussian in the plane.
        public var clips: [(interval: TimeRange, gaussian: PlanarGaussian)]
    }

    /// In the order asked.
    public var mixtures: [Mixture]
    /// The share of the clips' variance that each axis shows, 0 to 1.
    public var shares: [Double]

    /// The `projection` method's result.
    public var json: JSONValue {
        [
            "shares": .array(shares.map { .number($0) }),
            "videos": .array(
                mixtures.map { mixture in
                    [
                        "id": mixture.id.map { .number($0) } ?? .null,
                        "clips": .array(mixture.clips.map { Self.json($0.interval, $0.gaussian) }),
                    ]
                }),
        ]
    }

    private static func json(_ interval: TimeRange, _ gaussian: PlanarGaussian) -> JSONValue {
        [
            "from": .number(interval.start), "to": .number(interval.stop),
            "x": .number(gaussian.x), "y": .number(gaussian.y),
            "xx": .number(gaussian.xx), "xy": .number(gaussian.xy), "yy": .number(gaussian.yy),
        ]
    }
}

extension VideoLibrary {
    /// Lays videos out in one plane, by principal component analysis of all their clips' means.
    ///
    /// - Parameter encoded: a video that is not in the index, to be laid out before the others.
    /// - Throws: `video_not_found` where a number is not in the index.
    public func projection(
        _ request: ProjectionRequest, encoded: EncodedVideo? = nil
    ) throws(LibraryError) -> Projection {
        var mixtures: [(id: Int64?, intervals: [TimeRange], mixture: GaussianMixture)] = []
        if let encoded { mixtures.append((nil, encoded.intervals, encoded.mixture)) }
        for id in request.videos {
            guard try !videos(ids: [id]).isEmpty else { throw .noVideo(id) }
            let stored = try reader.read { (opened) throws(IndexError) in
                try opened.index.mixtureIfThere(ofVideo: id)
            }
            guard let stored else { throw .noVideo(id) }
            mixtures.append((id, stored.intervals, stored.mixture))
        }
        // Another model's video has no place beside the index's.
        guard let dimension = mixtures.first?.mixture.dimension,
            mixtures.allSatisfy({ $0.mixture.dimension == dimension })
        else {
            throw LibraryError(
                .index, reason: IndexError.Reason.otherModel.rawValue, path: configuration.index.name,
                message: "the videos were encoded by different models")
        }
        let plane = PrincipalPlane(through: mixtures.flatMap { $0.mixture.components.map(\.mean) })
        return Projection(
            mixtures: mixtures.map { id, intervals, mixture in
                let clips = zip(intervals, mixture.components).map { ($0, plane.project($1)) }
                return Projection.Mixture(id: id, clips: clips)
            }, shares: plane.shares)
    }
}

extension LibraryError {
    /// No video of the index has this number.
    public static func noVideo(_ id: Int64) -> LibraryError {
        LibraryError(
            .video, reason: "video_not_found", message: "there is no video \(id) in the index",
            hint: "the method videos lists the videos of the index")
    }
}
