import Base
import Distributions
import Retrieval
import VideoDecoding

/// A parameter of a search: what it is called, what it may be, what holds without it, and what it does. The JSON reader, the
/// command line and the API take names and ranges from here; tests hold the schema, the help and the reference page against it.
public struct SearchParameter: Sendable {
    /// What a parameter may be.
    public enum Kind: Sendable, Equatable {
        /// A path.
        case path
        /// One or more paths or patterns.
        case texts(atMost: Int)
        /// A whole number; no other is larger where the range ends at `Int.max`.
        case whole(ClosedRange<Int>)
        /// A number; the range may have no end.
        case number(ClosedRange<Double>)
        /// A number between 0 and 1, neither of them included.
        case probability
        /// True or false.
        case flag
        /// One of these words.
        case choice([String])
    }

    /// As requests name it; its option has hyphens in place of the underscores.
    public let name: String
    /// What it may be.
    public let kind: Kind
    /// What holds where it is not given; nil where that is no value.
    public let standard: JSONValue?
    /// What it does.
    public let help: String

    private init(_ name: String, _ kind: Kind, standard: JSONValue? = nil, _ help: String) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.help = help
    }

    /// Whether a number is within the range.
    public func admits(_ value: Double) -> Bool {
        switch kind {
        case .whole(let range): Double(range.lowerBound) <= value && value <= Double(range.upperBound)
        case .number(let range): range.contains(value)
        case .probability: value > 0 && value < 1
        case .path, .texts, .flag, .choice: true
        }
    }

    /// The range in words, as in "expected 1 to 100000"; nil where it has none.
    public var range: String? {
        switch kind {
        case .whole(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .number(let range) where range.upperBound == .infinity: "\(Self.text(range.lowerBound)) or more"
        case .number(let range): "\(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
        case .probability: "a number between 0 and 1"
        case .path, .texts, .flag, .choice: nil
        }
    }

    private static func text(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}

extension SearchParameter {
    /// The query's file.
    public static let video = SearchParameter("video", .path, "The query's file. Either this or \"videos\".")
    /// Several of them.
    public static let videos = SearchParameter(
        "videos", .texts(atMost: SearchBatch.mostVideos),
        "Files to search for one by one, in one call. The result is a search_batch_result.")
    /// The part's start.
    public static let from = SearchParameter(
        "from", .number(0 ... .infinity), "Start of the part to search for, in seconds.")
    /// The part's end.
    public static let to = SearchParameter(
        "to", .number(0 ... .infinity), "End of the part to search for, in seconds.")
    /// Which film of the file.
    public static let stream = SearchParameter(
        "stream", .whole(VideoStream.numbers),
        "The number of the stream to search for, as streams names them; the one that is indexed, or else the file's main one, when not given."
    )
    /// Further examples.
    public static let like = SearchParameter(
        "like", .texts(atMost: SearchRequest.mostExamples),
        "Further examples, whole: the query is the mixture of all, each with the same weight.")
    /// Examples of what is not wanted.
    public static let unlike = SearchParameter(
        "unlike", .texts(atMost: SearchRequest.mostExamples),
        "Examples of unwanted videos. A match that is closer to one of them than to the query moves down by that difference. With the mode \"matched\" only."
    )
    /// Matches.
    public static let limit = SearchParameter(
        "limit", .whole(1...100_000), standard: 10, "The most matches. Default: 10.")
    /// Of a match.
    public static let maximumDistance = SearchParameter(
        "max_distance", .number(0 ... .infinity), "Leaves out matches with a larger distance.")
    /// Of a match.
    public static let minimumScore = SearchParameter(
        "min_score", .probability,
        "Leaves out matches with a lower score, between 0 and 1; an error where the model has no calibration, or with \"mode\" or \"lambda\" other than the defaults."
    )
    /// Leaves the query out.
    public static let excludesSelf = SearchParameter(
        "exclude_self", .flag, standard: false, "Leaves the query's own file out.")
    /// The estimator.
    public static let sampling = SearchParameter(
        "mode", .choice(SamplingMode.allCases.map(\.rawValue)), standard: "matched",
        "The estimator of the distance. Default: \"matched\".")
    /// Of the estimator.
    public static let sampleCount = SearchParameter(
        "samples", .whole(1...4096), standard: 8,
        "Samples per video (K) in the mode \"iid\". Default: 8. K² times the number of videos in the index may be at most 1000000000."
    )
    /// Of the estimator; a larger one would overflow, and is far beyond any use.
    public static let lambda = SearchParameter(
        "lambda", .number(0...1e6), standard: 1,
        "The weight of the distance between samples. Default: 1.")
    /// What is compared.
    public static let granularity = SearchParameter(
        "granularity", .choice(SearchGranularity.allCases.map(\.rawValue)), standard: "clip",
        "What is compared: \"video\", whole videos alone, \"clip\", parts of them with parts of the query too, or \"scene\", the whole query with the nearest part of each video, whether a clip, a scene or the whole. \"clip\" when not given, but \"video\" with other than the defaults of \"mode\" and \"lambda\", with \"like\" and with \"unlike\", with all of which \"clip\" is an error, as is \"scene\" with all but \"like\"."
    )
    /// Further views.
    public static let thorough = SearchParameter(
        "thorough", .flag, standard: false,
        "Also looks for the query turned by 90°, 180° and 270° and with inverted colours where it was found as it is; decodes the file even if the index holds it. Otherwise this is done only where nothing shares footage."
    )
    /// Of a shared index.
    public static let candidates = SearchParameter(
        "candidates", .whole(0...SearchRequest.mostCandidates),
        "For a shared index: ranks only this many videos, which its server finds nearest, as whole videos; 0 takes as many as were measured to be enough. An error with \"videos\", \"like\", \"unlike\", and with other than the default \"mode\"."
    )

    private static let mostPatterns = 100
    /// Paths of videos that may answer.
    public static let paths = SearchParameter(
        "paths", .texts(atMost: mostPatterns),
        "Only videos whose path, or a folder above it, matches one of these patterns.")
    /// Paths of videos that may not.
    public static let excludedPaths = SearchParameter(
        "not_paths", .texts(atMost: mostPatterns),
        "No videos whose path, or a folder above it, matches one of these patterns.")
    /// Seconds.
    public static let shortest = SearchParameter(
        "min_duration", .number(0 ... .infinity), "Only videos at least this long, in seconds.")
    /// Seconds.
    public static let longest = SearchParameter(
        "max_duration", .number(0 ... .infinity), "Only videos at most this long, in seconds.")
    /// Seconds since 1970.
    public static let changedFrom = SearchParameter(
        "modified_after", .number(-1e11 ... .infinity),
        "Only files modified at this time or later, in seconds since 1970.")
    /// Seconds since 1970.
    public static let changedBefore = SearchParameter(
        "modified_before", .number(-1e11 ... .infinity),
        "Only files modified before this time, in seconds since 1970.")
    /// Bytes.
    public static let smallest = SearchParameter(
        "min_size", .whole(0...Int.max), "Only files of at least this many bytes.")
    /// Bytes.
    public static let largest = SearchParameter(
        "max_size", .whole(0...Int.max), "Only files of at most this many bytes.")

    /// Those that name a file of the machine, or how its index is asked: for whoever may read all of its files.
    private static let ofFiles = [video, videos, from, to, like, unlike, candidates, thorough]

    /// Those beside the query that everybody may give who may search at all.
    public static let ofRanking = [
        limit, maximumDistance, minimumScore, excludesSelf, sampling, sampleCount, lambda, paths,
        excludedPaths, shortest, longest, changedFrom, changedBefore, smallest, largest, granularity, stream,
    ]

    /// Every one.
    public static let all = ofFiles + ofRanking
}
