import ArgumentParser
import Base
import Retrieval

/// Which videos of the index may answer.
struct FilterOptions: ParsableArguments {
    @Option(
        name: .customLong("path"),
        help: .init(
            "Only videos whose path or folder matches: * ? [a-z], ** across folders. May be repeated.",
            valueName: "GLOB"))
    var paths: [PathPattern] = []

    @Option(
        name: .customLong("not-path"),
        help: .init("No videos whose path or folder matches. May be repeated.", valueName: "GLOB"))
    var excludedPaths: [PathPattern] = []

    @Option(help: .init("Only videos at least this long.", valueName: "TIME"))
    var minDuration: TimeArgument?

    @Option(help: .init("Only videos at most this long.", valueName: "TIME"))
    var maxDuration: TimeArgument?

    @Option(
        help: .init(
            "Only files modified at this date or later: 2026-01-31, 2026-01-31T18:30, …Z.", valueName: "DATE")
    )
    var modifiedAfter: DateArgument?

    @Option(help: .init("Only files modified before this date.", valueName: "DATE"))
    var modifiedBefore: DateArgument?

    @Option(help: .init("Only files at least this large: bytes, or 500k, 20MB, 1.5G.", valueName: "SIZE"))
    var minSize: SizeArgument?

    @Option(help: .init("Only files at most this large.", valueName: "SIZE"))
    var maxSize: SizeArgument?

    var filter: VideoFilter {
        var filter = VideoFilter()
        filter.paths = paths
        filter.excludedPaths = excludedPaths
        filter.shortest = minDuration?.seconds
        filter.longest = maxDuration?.seconds
        filter.changedFrom = modifiedAfter.map { VideoFilter.nanoseconds($0.seconds) }
        filter.changedBefore = modifiedBefore.map { VideoFilter.nanoseconds($0.seconds) }
        filter.smallest = minSize?.bytes
        filter.largest = maxSize?.bytes
        return filter
    }
}

extension PathPattern: ExpressibleByArgument {
    /// A pattern on the command line.
    public init?(argument: String) { self.init(argument) }
}
