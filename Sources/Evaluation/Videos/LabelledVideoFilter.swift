import Base

/// Which of the labelled videos take part.
public struct LabelledVideoFilter: Sendable, Equatable {
    /// Folders below the one that was named; empty takes all.
    public var folders: [String]
    /// A video is left out where one fits its name.
    public var excluded: [PathPattern]
    /// Whether videos without a label stay, in the gallery.
    public var keepsDistractors: Bool

    /// Takes every labelled video.
    public init(folders: [String] = [], excluded: [PathPattern] = [], keepsDistractors: Bool = false) {
        self.folders = folders
        self.excluded = excluded
        self.keepsDistractors = keepsDistractors
    }

    /// The videos that pass, in their order.
    public func apply(_ videos: LabelledVideos) -> LabelledVideos {
        let prefixes = folders.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        return LabelledVideos(
            videos.videos.filter { video in
                (prefixes.isEmpty || prefixes.contains { video.name.hasPrefix($0) })
                    && (keepsDistractors || video.label != nil)
                    && !excluded.contains { $0.matches("/" + video.name) }
            })
    }
}
