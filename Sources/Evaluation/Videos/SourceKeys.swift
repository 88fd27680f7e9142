/// Which videos come from one source, told by their file names, so that copies of a query do not count as finds.
package enum SourceKeys {
    /// A key for each video: what the pattern's first group matches in its file name, or the whole match where it
    /// has no group; nil where nothing matches. Videos of one key are of one source.
    package static func find(_ pattern: String, in videos: [LabelledVideo]) throws(EvaluationError)
        -> [String?]
    {
        let regex: Regex<AnyRegexOutput>
        do { regex = try Regex(pattern) } catch {
            throw .videos(
                problem: "\"\(pattern)\" is not a regular expression",
                hint:
                    "for names such as yoga-7_flipped.mp4 of the source yoga-7: '^(.*?)(_flipped)?\\.[^.]*$'")
        }
        return videos.map { video in
            guard let match = video.fileName.firstMatch(of: regex) else { return nil }
            let part = match.output.count > 1 ? match.output[1].substring : match.output[0].substring
            return part.map(String.init)
        }
    }
}
