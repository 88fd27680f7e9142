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
    /// What a query must not find beside itself.
    private let copies: Copies

    private struct Copies: Sendable {
        /// Of every video, a number of its file.
        var files: [Int?]
        /// Of every video, a number of its source; nil where it has none.
        var sources: [Int?]
        /// The near copies of every video; empty if there are none at all.
        var near: [[Int]]

        func hide(_ video: Int, from query: Int) -> Bool {
            if files[video] == files[query] { return true }
            if let source = sources[query], sources[video] == source { return true }
            return !near.isEmpty && near[query].contains(video)
        }
    }

    /// Two videos that are one file, by whatever names and links, never find each other.
    ///
    /// - Parameters:
    ///   - videos: those that could be encoded, sorted by name.
    ///   - sources: of every video, a key that copies share; nil has no copies.
    ///   - nearCopies: of every video, further videos (ascending) that count as its copies; empty for none.
    package init(videos: [LabelledVideo], sources: [String?] = [], nearCopies: [[Int]] = []) {
        precondition(sources.isEmpty || sources.count == videos.count)
        precondition(nearCopies.isEmpty || nearCopies.count == videos.count)
        let classes = Self.numbers(videos.map(\.label))
        let copies = Copies(
            files: Self.numbers(videos.map(\.resolvedPath)),
            sources: sources.isEmpty ? videos.map { _ in nil } : Self.numbers(sources), near: nearCopies)
        let gallery = videos.indices.filter { videos[$0].role != .query }
        let asking = videos.indices.filter { videos[$0].label != nil && videos[$0].role != .gallery }
        var queries: [Int] = []
        var lonely: [Int] = []
        for query in asking {
            let hasMatch = gallery.contains { other in
                classes[other] == classes[query] && !copies.hide(other, from: query)
            }
            if hasMatch { queries.append(query) } else { lonely.append(query) }
        }
        self.classes = classes
        self.copies = copies
        self.gallery = gallery
        self.queries = queries
        self.lonely = lonely
    }

    /// Whether the video is out of the query's sight: it is the query, the same file, or a copy of it.
    package func isHidden(_ video: Int, from query: Int) -> Bool { copies.hide(video, from: query) }

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

    /// Groups of videos that a classifier must keep on one side: a number for each video, that of its group's first.
    ///
    /// They are the connected components of being one file, of one source, or near copies: where a and b are copies,
    /// and b and c, the three are one group even if a and c are not alike.
    package var groups: [Int] {
        var parents = Array(classes.indices)
        func root(_ video: Int) -> Int {
            var top = video
            while parents[top] != top { top = parents[top] }
            var below = video
            while parents[below] != top { (below, parents[below]) = (parents[below], top) }
            return top
        }
        func join(_ a: Int, _ b: Int) {
            let (first, second) = (root(a), root(b))
            parents[max(first, second)] = min(first, second)
        }
        for numbers in [copies.files, copies.sources] {
            var firsts: [Int: Int] = [:]
            for (video, number) in numbers.enumerated() {
                guard let number else { continue }
                if let first = firsts[number] { join(first, video) } else { firsts[number] = video }
            }
        }
        for (video, others) in copies.near.enumerated() {
            for other in others { join(video, other) }
        }
        return classes.indices.map(root)
    }
}
