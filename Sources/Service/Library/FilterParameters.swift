import Retrieval

extension VideoFilter {
    static let parameterNames = [
        "paths", "not_paths", "min_duration", "max_duration", "modified_after", "modified_before", "min_size",
        "max_size",
    ]

    /// Reads the parameters of `search` that say which videos may answer.
    init(_ parameters: Parameters) throws(RPCError) {
        self.init()
        paths = try Self.patterns("paths", parameters)
        excludedPaths = try Self.patterns("not_paths", parameters)
        shortest = try parameters.number("min_duration", atLeast: 0)
        longest = try parameters.number("max_duration", atLeast: 0)
        changedFrom = try parameters.number("modified_after", atLeast: -1e11).map(Self.nanoseconds)
        changedBefore = try parameters.number("modified_before", atLeast: -1e11).map(Self.nanoseconds)
        smallest = try parameters.whole("min_size", in: 0...Int.max).map(Int64.init)
        largest = try parameters.whole("max_size", in: 0...Int.max).map(Int64.init)
    }

    private static func patterns(_ name: String, _ parameters: Parameters) throws(RPCError) -> [PathPattern] {
        try parameters.texts(name, atMost: 100).map { (text) throws(RPCError) in
            guard let pattern = PathPattern(text) else {
                throw .invalidParameter(
                    name,
                    "\(name): \"\(text.prefix(60))\" is no pattern; a \"[\" wants its \"]\", and a \"\\\" a character"
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
