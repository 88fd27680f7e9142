import Base
import Library
import Retrieval

extension VideoFilter {
    static let parameterNames = [
        "paths", "not_paths", "min_duration", "max_duration", "modified_after", "modified_before", "min_size",
        "max_size",
    ]

    /// Reads the parameters of `search` that say which videos may answer.
    ///
    /// - Parameter defaults: what holds where a parameter is not given.
    init(_ parameters: Parameters, defaults: VideoFilter = VideoFilter()) throws(RPCError) {
        self = defaults
        if parameters.has("paths") { paths = try Self.patterns("paths", parameters) }
        if parameters.has("not_paths") { excludedPaths = try Self.patterns("not_paths", parameters) }
        func time(_ name: String) throws(RPCError) -> Int64? {
            try parameters.number(name, atLeast: -1e11).map(Self.nanoseconds)
        }
        func size(_ name: String) throws(RPCError) -> Int64? {
            try parameters.whole(name, in: 0...Int.max).map(Int64.init)
        }
        shortest = try parameters.number("min_duration", atLeast: 0) ?? shortest
        longest = try parameters.number("max_duration", atLeast: 0) ?? longest
        changedFrom = try time("modified_after") ?? changedFrom
        changedBefore = try time("modified_before") ?? changedBefore
        smallest = try size("min_size") ?? smallest
        largest = try size("max_size") ?? largest
    }

    private static func patterns(_ name: String, _ parameters: Parameters) throws(RPCError) -> [PathPattern] {
        try parameters.texts(name, atMost: 100).map { (text) throws(RPCError) in
            guard let pattern = PathPattern(text) else {
                throw .invalidParameter(
                    name,
                    "\(name): \"\(text.prefix(60))\" is not a pattern; a \"[\" needs a \"]\", and a \"\\\" a character after it"
                )
            }
            return pattern
        }
    }

    /// As the index writes times down, which reach from the year 1677 to 2262.
    public static func nanoseconds(_ seconds: Double) -> Int64 {
        Int64(exactly: (seconds * 1e9).rounded()) ?? (seconds < 0 ? .min : .max)
    }
}
