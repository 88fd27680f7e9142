import Base
import VideoDecoding

/// Decodes in worker processes, each of which serves one thread at a time: a file that crashes its decoder, hangs it or
/// exhausts its memory fails by name, and whoever asked goes on.
package final class IsolatedClips: ClipSource {
    private let pool: WorkerPool

    /// Starts nothing yet.
    ///
    /// - Parameter threads: that ask side by side.
    package convenience init(_ program: WorkerProgram, threads: Int) {
        self.init(IsolatedSource(program: program, modelFolder: nil), threads: threads)
    }

    package init(_ source: IsolatedSource, threads: Int) {
        pool = WorkerPool(source, mostIdle: threads)
    }

    /// Of a file that is tried twice no clip comes twice.
    package func read(
        path: String, options: ReadingOptions, most: Int, take: (Clip) -> Bool
    ) throws(VideoError) {
        let file = try RegularFile(path: path)
        let clips = ClipRequest(options, most: most)
        let bound = min(most, ClipCount.inFile(bytes: file.size, stride: options.plan.clipStride))
        let request = WorkerFileRequest(
            task: .clips(clips), timeLimit: options.timeLimit,
            decoderThreads: options.threads)
        var taken = 0
        try twice { () throws(VideoError) in
            let known = taken
            var (seen, last, isEnough) = (0, TimeRange?.none, false)
            do throws(VideoError) {
                try ask(file, request, options.isCancelled) { message -> Heard<Void> in
                    guard !message.bytes.isEmpty else {
                        let end = ClipAnswer.readEnd(message, clips: seen)
                        // Clips that were handed out and are not there any more are no part of a whole.
                        if case .end(.success) = end, seen < known { return .nonsense }
                        return end
                    }
                    guard seen < bound,
                        let clip = ClipAnswer.read(message, bytes: clips.clipBytes, after: last)
                    else { return .nonsense }
                    (seen, last) = (seen + 1, clip.interval)
                    // The same file gives the same clips: those that were handed out are passed over.
                    guard seen > known else { return .more }
                    taken = seen
                    isEnough = !take(clip)
                    // Of a worker that goes on, nobody hears the rest.
                    return isEnough ? .nonsense : .more
                }
            } catch {
                if !isEnough { throw error }
            }
        }
    }

    /// By a worker.
    package func duration(path: String, options: ReadingOptions) throws(VideoError) -> Double {
        let request = WorkerFileRequest(
            task: .duration(ClipRequest(options)), timeLimit: options.timeLimit,
            decoderThreads: options.threads)
        let file = try RegularFile(path: path)
        return try twice { () throws(VideoError) in
            try ask(file, request, options.isCancelled, read: ClipAnswer.readDuration)
        }
    }

    /// By a worker.
    package func still(
        path: String, geometry: FrameGeometry, timeLimit: Double
    ) throws(VideoError) -> [UInt8] {
        let request = WorkerFileRequest(task: .still(geometry), timeLimit: timeLimit, decoderThreads: 1)
        let file = try RegularFile(path: path)
        return try twice { () throws(VideoError) in
            var picture: [UInt8]?
            return try ask(file, request, { false }) { message -> Heard<[UInt8]> in
                guard message.bytes.isEmpty else {
                    guard picture == nil,
                        let clip = ClipAnswer.read(message, bytes: geometry.frameBytes, after: nil)
                    else { return .nonsense }
                    picture = clip.frames
                    return .more
                }
                switch ClipAnswer.readEnd(message, clips: picture == nil ? 0 : 1) {
                case .end(.failure(let error)): return .end(.failure(error))
                case .end(.success): return picture.map { .end(.success($0)) } ?? .nonsense
                case .more, .nonsense: return .nonsense
                }
            }
        }
    }

    private func ask<Answer>(
        _ file: RegularFile, _ request: WorkerFileRequest, _ isCancelled: @escaping @Sendable () -> Bool,
        read: (WorkerMessage) -> Heard<Answer>
    ) throws(VideoError) -> Answer {
        try pool.withWorker(threads: 1) { (worker) throws(VideoError) in
            try worker.answer(
                file, request, mostBytes: request.task.clipBytes, isCancelled: isCancelled, read: read)
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
