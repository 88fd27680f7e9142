import Base
import Distributions
import Glibc
import Indexing
import Retrieval

extension VideoLibrary {
    /// Finds groups of videos that share footage.
    public func duplicates(
        _ request: DuplicatesRequest, progress: @escaping @Sendable (DuplicateProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LibraryError) -> DuplicatesResponse {
        let start = ContinuousClock.now
        let index = try index()
        let calibration = try calibration()
        let options = try request.options(calibration: calibration, modelFolder: configuration.modelFolder)
        let finder = DuplicateFinder(index: index, options: options, information: try clipInformation())
        var found: DuplicateGroups
        do throws(DuplicateError) {
            found = try finder.groups(progress: progress, isCancelled: isCancelled)
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .tooManyPairs(let limit):
                throw LibraryError(
                    .index, reason: "too_many_pairs", path: index.folder,
                    message: "\(index.folder): more than \(limit) pairs of videos are this near",
                    hint: "raise --min-score, or lower --max-distance")
            case .index(let error):
                reader.forget()
                throw LibraryError(error)
            }
        }
        found.groups = found.groups.compactMap { $0.listed(by: request.rules) }
        return DuplicatesResponse(
            found: found, groups: found.groups.prefix(request.limit ?? .max),
            maximumDistance: options.maximumDistance,
            minimumScore: calibration.map { calibration in
                calibration.verified == nil
                    ? calibration.score(distance: options.maximumDistance)
                    : request.minimumScore ?? calibration.threshold
            }, calibration: calibration,
            elapsed: ContinuousClock.now - start, listsSimilar: request.listsSimilar)
    }

    /// Remembers that no two of these videos are duplicates of each other; returns how many pairs are new.
    ///
    /// What is remembered are their contents, so that moved, renamed and newly indexed files keep it.
    public func rejectDuplicates(paths: [String], waitingSeconds: Double = 0) throws(LibraryError) -> Int {
        let now = Int64(time(nil))
        return try decide(paths, waitingSeconds) { (index, pairs) throws(IndexError) in
            try index.record(pairs.map { PairDecision($0.0, $0.1, decided: now) })
        }
    }

    /// Forgets what was decided of any two of these videos; returns how many decisions there were.
    public func restoreDuplicates(paths: [String], waitingSeconds: Double = 0) throws(LibraryError) -> Int {
        try decide(paths, waitingSeconds) { (index, pairs) throws(IndexError) in try index.withdraw(pairs) }
    }

    /// Everything that was decided.
    public func duplicateDecisions() throws(LibraryError) -> DecisionList {
        try reader.read { (opened) throws(IndexError) in
            var paths: [String: [String]] = [:]
            func located(_ fingerprint: String) throws(IndexError) -> [String] {
                if let known = paths[fingerprint] { return known }
                let found = try opened.index.videos(withFingerprint: fingerprint).map(\.identity.path)
                paths[fingerprint] = found
                return found
            }
            var entries: [DecisionList.Entry] = []
            for decision in try opened.index.decisions() {
                entries.append(
                    DecisionList.Entry(
                        decision: decision, first: try located(decision.first),
                        second: try located(decision.second)))
            }
            return DecisionList(entries: entries)
        }
    }

    /// Every pair among the contents of these videos; a content that several of them have makes a pair with itself.
    private func decide(
        _ paths: [String], _ waitingSeconds: Double,
        _ body: (any IndexStore, [(String, String)]) throws(IndexError) -> Int
    ) throws(LibraryError) -> Int {
        let contents = try contents(of: paths)
        var counts: [String: Int] = [:]
        for content in contents { counts[content, default: 0] += 1 }
        var seen: Set<String> = []
        let once = contents.filter { seen.insert($0).inserted }
        var pairs: [(String, String)] = []
        for (place, first) in once.enumerated() {
            if counts[first, default: 0] > 1 { pairs.append((first, first)) }
            for second in once[(place + 1)...] { pairs.append((first, second)) }
        }
        do throws(IndexError) {
            let index = try store(waitingSeconds: waitingSeconds)
            defer { index.close() }
            return try body(index, pairs)
        } catch {
            throw LibraryError(error)
        }
    }

    /// The fingerprints of indexed videos, one a path given.
    private func contents(of paths: [String]) throws(LibraryError) -> [String] {
        var contents: [String] = []
        for given in paths {
            let path = Path.resolved(given)
            let video = try reader.read { (opened) throws(IndexError) in
                try opened.index.video(atPath: path)
            }
            guard let video else {
                throw LibraryError(
                    .index, reason: "not_in_index", path: path,
                    message: "\(path): the index holds no such video",
                    hint: "name videos as `mixtape list` prints them")
            }
            contents.append(video.identity.fingerprint)
        }
        return contents
    }
}
