import VideoDecoding

/// Decodes in worker processes, each of which serves one thread at a time: a file that crashes its decoder, hangs it or
/// exhausts its memory fails by name, and whoever asked goes on.
public final class IsolatedClips: ClipSource {
    private let pool: WorkerPool

    /// Starts nothing yet.
    ///
    /// - Parameters:
    ///   - executable: the program that has the worker's command.
    ///   - threads: that ask side by side.
    public convenience init(executable: String, threads: Int) {
        self.init(IsolatedSource(executable: executable, modelFolder: nil, dimension: 0), threads: threads)
    }

    package init(_ source: IsolatedSource, threads: Int) {
        pool = WorkerPool(source, mostIdle: threads)
    }

    /// Of a file that is tried twice no clip comes twice.
    public func read(
        path: String, options: ReadingOptions, most: Int, take: (Clip) -> Bool
    ) throws(VideoError) {
        let clips = ClipRequest(options, most: most)
        let request = WorkerFileRequest(
            task: .clips(clips), timeLimit: options.timeLimit,
            decoderThreads: options.threads)
        var taken = 0
        try twice { () throws(VideoError) in
            let known = taken
            var (seen, last, isEnough) = (0, TimeRange?.none, false)
            do throws(VideoError) {
                try ask(path, request, options.isCancelled) { block in
                    guard seen < most, let clip = ClipLines.read(block, bytes: clips.clipBytes, after: last)
                    else { return false }
                    (seen, last) = (seen + 1, clip.interval)
                    // The same file gives the same clips: those that were handed out are passed over.
                    guard seen > known else { return true }
                    taken = seen
                    isEnough = !take(clip)
                    return !isEnough
                } read: { lines -> Result<Void, LibraryError>? in
                    let end = ClipLines.readEnd(lines, clips: seen)
                    // Clips that were handed out and are not there any more are no part of a whole.
                    if case .success = end, seen < known { return nil }
                    return end
                }
            } catch {
                if !isEnough { throw error }
            }
        }
    }

    /// By a worker.
    public func duration(path: String, options: ReadingOptions) throws(VideoError) -> Double {
        let request = WorkerFileRequest(
            task: .duration(ClipRequest(options)), timeLimit: options.timeLimit,
            decoderThreads: options.threads)
        return try twice { () throws(VideoError) in
            try ask(path, request, options.isCancelled, read: ClipLines.readDuration)
        }
    }

    /// By a worker.
    public func still(
        path: String, geometry: FrameGeometry, timeLimit: Double
    ) throws(VideoError) -> [UInt8] {
        let request = WorkerFileRequest(task: .still(geometry), timeLimit: timeLimit, decoderThreads: 1)
        return try twice { () throws(VideoError) in
            var picture: [UInt8]?
            return try ask(path, request, { false }) { block in
                guard picture == nil, block.bytes.count == geometry.frameBytes else { return false }
                picture = block.bytes
                return true
            } read: { lines in
                guard let end = ClipLines.readEnd(lines, clips: picture == nil ? 0 : 1) else { return nil }
                switch end {
                case .failure(let error): return .failure(error)
                case .success: return picture.map { .success($0) }
                }
            }
        }
    }

    private func ask<Answer>(
        _ path: String, _ request: WorkerFileRequest, _ isCancelled: @escaping @Sendable () -> Bool,
        take: (WorkerOutput.Block) -> Bool = { _ in false }, read: ([UInt8]) -> Result<Answer, LibraryError>?
    ) throws(VideoError) -> Answer {
        try pool.withWorker(threads: 1) { (worker) throws(VideoError) in
            try worker.answer(path: path, request, isCancelled: isCancelled, take: take, read: read)
        }
    }

    /// A file that ended its worker is tried once more, by a new one.
    private func twice<Answer>(_ body: () throws(VideoError) -> Answer) throws(VideoError) -> Answer {
        do throws(VideoError) {
            return try body()
        } catch {
            guard error.reason == .decoderFailed else { throw error }
            return try body()
        }
    }
}
