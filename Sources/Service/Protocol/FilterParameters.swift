import Base
import Library
import Retrieval

extension VideoFilter {
    /// Reads the parameters of `search` that say which videos may answer.
    ///
    /// - Parameter defaults: what holds where a parameter is not given.
    init(_ parameters: Parameters, defaults: VideoFilter = VideoFilter()) throws(RPCError) {
        self = defaults
        if parameters.has("paths") { paths = try Self.patterns(.paths, parameters) }
        if parameters.has("not_paths") { excludedPaths = try Self.patterns(.excludedPaths, parameters) }
        shortest = try parameters.number(.shortest) ?? shortest
        longest = try parameters.number(.longest) ?? longest
        changedFrom = try parameters.number(.changedFrom).map(Self.nanoseconds) ?? changedFrom
        changedBefore = try parameters.number(.changedBefore).map(Self.nanoseconds) ?? changedBefore
        smallest = try parameters.whole(.smallest).map(Int64.init) ?? smallest
        largest = try parameters.whole(.largest).map(Int64.init) ?? largest
    }

    private static func patterns(
        _ parameter: SearchParameter, _ parameters: Parameters
    ) throws(RPCError) -> [PathPattern] {
        let name = parameter.name
        return try parameters.texts(parameter).map { (text) throws(RPCError) in
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
