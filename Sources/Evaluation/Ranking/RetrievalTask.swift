/// Who asks, who may be found, and what counts as a find.
package struct RetrievalTask: Sendable {
    /// Of every video, a number of its class; nil for a distractor.
    package let classes: [Int?]
    /// Videos that ask, ascending; each has at least one relevant video in its gallery.
    package let queries: [Int]
    /// Videos that may be found, ascending: the order in which ties rank.
    package let gallery: [Int]
    /// Labelled videos that would have asked, but whose class has no other video to be found.
    package let lonely: [Int]
    /// Of every video, which videos of its own source a query must not find.
    private let sources: [Int?]
    private let nearCopies: [[Int]]

    /// - Parameters:
    ///   - videos: those that could be encoded, sorted by name.
    ///   - sources: of every video, a key that copies share; nil has no copies.
    ///   - nearCopies: of every video, further videos (ascending) that count as its copies; empty for none.
    package init(videos: [LabelledVideo], sources: [String?] = [], nearCopies: [[Int]] = []) {
        precondition(sources.isEmpty || sources.count == videos.count)
        precondition(nearCopies.isEmpty || nearCopies.count == videos.count)
        let classes = Self.numbers(videos.map(\.label))
        let sources = sources.isEmpty ? videos.map { _ in nil } : Self.numbers(sources)
        let gallery = videos.indices.filter { videos[$0].role != .query }
        let asking = videos.indices.filter { videos[$0].label != nil && videos[$0].role != .gallery }
        var queries: [Int] = []
        var lonely: [Int] = []
        for query in asking {
            let hasMatch = gallery.contains { other in
                classes[other] == classes[query]
                    && !Self.isHidden(other, from: query, sources, nearCopies)
            }
            if hasMatch { queries.append(query) } else { lonely.append(query) }
        }
        self.classes = classes
        self.sources = sources
        self.nearCopies = nearCopies
        self.gallery = gallery
        self.queries = queries
        self.lonely = lonely
    }

    /// Whether the video is out of the query's sight: it is the query, or a copy of it.
    package func isHidden(_ video: Int, from query: Int) -> Bool {
        Self.isHidden(video, from: query, sources, nearCopies)
    }

    private static func isHidden(_ video: Int, from query: Int, _ sources: [Int?], _ nearCopies: [[Int]])
        -> Bool
    {
        if video == query { return true }
        if let source = sources[query], sources[video] == source { return true }
        return !nearCopies.isEmpty && nearCopies[query].contains(video)
    }

    /// Numbers in the order of first appearance.
    package static func numbers(_ names: [String?]) -> [Int?] {
        var known: [String: Int] = [:]
        return names.map { name in
            guard let name else { return nil }
            if let number = known[name] { return number }
            known[name] = known.count
            return known.count - 1
        }
    }

    /// Groups of videos that a probe must keep on one side: a number for each video.
    package var groups: [Int] {
        classes.indices.map { index in
            guard let source = sources[index] else { return index }
            return sources.firstIndex(of: source) ?? index
        }
    }
}
