import Library

extension PlanApplication {
    /// Takes all steps that are not done; the library's model and worker processes look at the kept files, and its index follows.
    ///
    /// - Parameters:
    ///   - progress: gets the number of steps that were looked at.
    ///   - waitingSeconds: for another writer of the index.
    /// - Throws: `CleanupError` where it had to stop; `LibraryError` where the index could not follow.
    public func run(
        _ library: VideoLibrary, waitingSeconds: Double = 0, progress: (Int) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> CleanupResult {
        let result = Result { () throws(CleanupError) in
            try run(
                look: { (path, isKept) throws(CleanupError) in
                    try Self.look(path, isKept, library, isCancelled)
                }, progress: progress, isCancelled: isCancelled)
        }
        // What was done before it stopped is gone all the same.
        if !isDry {
            _ = try library.follow(
                gone: done, back: [], waitingSeconds: waitingSeconds)
        }
        return try result.get()
    }

    private static func look(
        _ path: String, _ isKept: Bool, _ library: VideoLibrary, _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(CleanupError) -> String? {
        do throws(LibraryError) {
            if isKept {
                let share = try library.decodedShare(path: path, isCancelled: isCancelled)
                return share >= 0.99 ? nil : "is damaged: only \(Int(share * 100)) % of it can be decoded"
            }
            let films = try library.streams(of: path, isCancelled: isCancelled).streams.count {
                !$0.isPicture
            }
            return films > 1 ? "holds \(films) films, of which one was compared" : nil
        } catch {
            switch error.kind {
            case .cancelled: throw CleanupError(.cancelled, path: path, "cancelled")
            case .video: return "cannot be decoded: " + error.message.replacing(path + ": ", with: "")
            default:
                throw CleanupError(
                    .cannotDecode, path: error.path ?? path, error.message,
                    hint: "name the model, or look at the kept files less thoroughly: --verify quick")
            }
        }
    }
}

extension JournalUndo {
    /// Takes everything back; the library's index follows.
    ///
    /// - Returns: what became of it, and the files of which the index knows nothing, since it no longer has their content.
    /// - Throws: `CleanupError` where it had to stop; `LibraryError` where the index could not follow.
    public func run(
        _ library: VideoLibrary, waitingSeconds: Double = 0, progress: (Int) -> Void = { _ in },
        isCancelled: () -> Bool = { false }
    ) throws -> (result: CleanupResult, unknown: [String]) {
        var result = CleanupResult()
        let end = Result { () throws(CleanupError) in
            try run(into: &result, progress: progress, isCancelled: isCancelled)
        }
        // What came back before it stopped is there all the same.
        let unknown = try library.follow(gone: [], back: result.done, waitingSeconds: waitingSeconds)
        try end.get()
        return (result, unknown)
    }
}
