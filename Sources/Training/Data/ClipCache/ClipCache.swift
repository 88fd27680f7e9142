internal import Dispatch
internal import Synchronization
import Base
import VideoDecoding

/// A folder with one entry a video: its frames, decoded once, at a small size.
///
/// An entry is named by the content of its video and by the settings it was made with, and appears only
/// when it is whole; building it again continues where it was interrupted.
public struct ClipCache: Sendable {
    /// A file that gives nothing to train on.
    public struct Skipped: Sendable, Equatable {
        /// The file.
        public var path: String
        /// One sentence.
        public var reason: String

        /// Names both.
        public init(path: String, reason: String) {
            self.path = path
            self.reason = reason
        }
    }
    /// What building gave.
    public struct Content: Sendable {
        /// In the order of the paths that were asked for.
        public var videos: [CachedVideo] = []
        /// In the same order.
        public var skipped: [Skipped] = []
        /// Entries that had to be decoded in this building.
        public var decoded = 0
        /// Bytes of all entries of the folder, other trainings' too, after this building; 0 where it was cancelled.
        public var folderBytes: Int64 = 0
        /// Entries that were removed to keep the folder within its bound.
        public var removed = 0
        /// Whether it was cancelled before the end.
        public var isCancelled = false
    }

    /// Where the entries are.
    public let folder: String
    private let choice: CacheChoice
    private let interval: Double
    private let fit: FrameGeometry.Fit
    private let source: any FrameSource
    private let limit: Int64

    /// What the folder may take unless someone says otherwise, in bytes.
    public static let usualLimit: Int64 = 20_000_000_000

    /// - Parameters:
    ///   - clipInterval: the clip's own duration / frames, taken where the choice leaves the interval open.
    ///   - fit: how the model brings pictures to its input.
    ///   - limit: bytes of the folder, beyond which entries that this building does not use are removed, those first that
    ///     were not used for longest.
    public init(
        folder: String, choice: CacheChoice, clipInterval: Double, fit: FrameGeometry.Fit = .stretch,
        source: any FrameSource = DecodedFrames(), limit: Int64 = ClipCache.usualLimit
    ) {
        self.folder = folder
        self.choice = choice
        self.interval = choice.interval > 0 ? choice.interval : clipInterval
        self.fit = fit
        self.source = source
        self.limit = limit
    }

    /// Opens the entries of all files, decoding those that are missing or damaged.
    ///
    /// A file whose content another one has is skipped: two copies would be each other's negatives.
    /// - Parameter progress: done, all; from any thread, one at a time.
    public func build(
        videos: [String], stills: [String] = [], threads: Int,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(TrainingError) -> Content {
        try OutputFiles.makeFolder(folder)
        let start = Time.sinceEpoch
        let indexPath = folder + "/index.json"
        let known = CacheIndex.load(indexPath)
        let files = videos.map { ($0, false) } + stills.map { ($0, true) }
        enum Outcome {
            case ready(CachedVideo, decoded: Bool)
            case failed(String)
            case broken(TrainingError)
        }
        let state = Mutex(
            (
                outcomes: [Outcome?](repeating: nil, count: files.count), index: known, next: 0, done: 0,
                entries: Set<String>()
            ))
        DispatchQueue.concurrentPerform(iterations: max(1, min(threads, files.count))) { _ in
            while !isCancelled() {
                let number = state.withLock { state in
                    defer { state.next += 1 }
                    return state.next
                }
                guard number < files.count else { return }
                let (path, isStill) = files[number]
                let outcome: Outcome
                var record: CacheIndex.File?
                do {
                    let (video, decoded) = try open(
                        path, isStill: isStill, known: known[path], record: &record, isCancelled: isCancelled)
                    outcome = .ready(video, decoded: decoded)
                } catch let error as VideoError where error.reason == .cancelled {
                    return
                } catch let error as VideoError {
                    outcome = .failed(error.detail)
                } catch let error as TrainingError {
                    outcome = .broken(error)
                } catch {
                    outcome = .failed("\(error)")
                }
                state.withLock { state in
                    state.outcomes[number] = outcome
                    if let record { state.index[path] = record }
                    state.done += 1
                    if case .broken = outcome { state.next = files.count }
                    progress(state.done, files.count)
                }
            }
        }
        let (outcomes, index) = state.withLock { ($0.outcomes, $0.index) }
        if index != known { try CacheIndex.save(index, to: indexPath) }

        var content = Content()
        var firstOf: [String: String] = [:]
        for (number, outcome) in outcomes.enumerated() {
            let path = files[number].0
            switch outcome {
            case .ready(let video, let decoded):
                if decoded { content.decoded += 1 }
                if let other = firstOf[video.fingerprint] {
                    content.skipped.append(Skipped(path: path, reason: "the same content as \(other)"))
                } else {
                    firstOf[video.fingerprint] = path
                    content.videos.append(video)
                }
            case .failed(let reason): content.skipped.append(Skipped(path: path, reason: reason))
            case .broken(let error): throw error
            case nil: content.isCancelled = true
            }
        }
        if !content.isCancelled {
            let bound = CacheBound(folder: folder, limit: limit, start: start)
            (content.folderBytes, content.removed) = (bound.bytes, bound.removed)
        }
        return content
    }
}

extension ClipCache {
    /// The entry of a file, from the disk or decoded.
    private func open(
        _ path: String, isStill: Bool, known: CacheIndex.File?, record: inout CacheIndex.File?,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> (CachedVideo, decoded: Bool) {
        guard let facts = FileStatus(path: path) else {
            throw VideoError(path: path, reason: .notFound, detail: "no such file")
        }
        let isKnown =
            known?.size == facts.size && known?.modified == facts.modified
            && (known?.statusChanged == nil || known?.statusChanged == facts.statusChanged)
        if isKnown, let failure = known?.failure {
            throw VideoError(path: path, reason: .readFailed, detail: failure)
        }
        var file = CacheIndex.File(
            path: path, size: facts.size, modified: facts.modified, statusChanged: facts.statusChanged)
        do {
            let fingerprint: String
            if isKnown, let known = known?.fingerprint {
                fingerprint = known
            } else {
                fingerprint = try source.fingerprint(path: path)
            }
            file.fingerprint = fingerprint
            let width = isStill ? choice.stillSize : choice.width
            let height = isStill ? choice.stillSize : choice.height
            let geometry = FrameGeometry(width: width, height: height, fit: fit)
            let settings = FNVChecksum.of(
                "\(width) \(height) \(fit) \(interval) \(choice.maximumSeconds) \(isStill)")
            let digits = String(settings, radix: 16)
            let entry = "\(folder)/\(fingerprint.prefix(40))-\(digits).frames"
            record = file
            if let video = load(entry, path: path, fingerprint: fingerprint, settings: settings) {
                return (video, false)
            }
            try decode(
                path, geometry: geometry, isStill: isStill, fingerprint: fingerprint, settings: settings,
                into: entry, isCancelled: isCancelled)
            guard let video = load(entry, path: path, fingerprint: fingerprint, settings: settings) else {
                throw TrainingError.file(path: entry, problem: "cannot be read back")
            }
            return (video, true)
        } catch let error as VideoError {
            // A file that ran out of time, could not be read or ended its reader may do better next time.
            let passing: [VideoError.Reason] = [
                .cancelled, .timeLimit, .readFailed, .permissionDenied, .decoderFailed, .decoderUnavailable,
            ]
            if !isStill && !passing.contains(error.reason) {
                file.failure = error.detail
                record = file
            }
            throw error
        }
    }

    /// Nil where the entry is missing, another's or damaged. Every frame is read, for which each training waits once: summing up
    /// is twice as fast as a disk that gives a gigabyte a second, and a damaged frame would be learned from without a word.
    private func load(_ entry: String, path: String, fingerprint: String, settings: UInt64) -> CachedVideo? {
        guard let file = MappedFile(path: entry), let header = CacheEntryHeader(file: file.bytes),
            header.settings == settings, header.fingerprint == String(fingerprint.prefix(64))
        else { return nil }
        var sum = FNVChecksum()
        for frame in 0..<header.frameCount {
            let start = CacheEntryHeader.size + frame * header.frameBytes
            sum.add(UnsafeRawBufferPointer(rebasing: file.bytes[start..<(start + header.frameBytes)]))
        }
        guard sum.value == header.frameChecksum else { return nil }
        CacheBound.markUsed(entry)
        return CachedVideo(path: path, header: header, file: file)
    }

    private func decode(
        _ path: String, geometry: FrameGeometry, isStill: Bool, fingerprint: String, settings: UInt64,
        into entry: String, isCancelled: @escaping @Sendable () -> Bool
    ) throws {
        do {
            let file = try AtomicFile(path: entry, isAmongMany: true)
            // The header comes last: only then are the number of frames and their checksum known.
            try file.write([UInt8](repeating: 0, count: CacheEntryHeader.size))
            let frameBytes = geometry.width * geometry.height * 3
            var count = 0
            var sum = FNVChecksum()
            func take(_ frame: UnsafeBufferPointer<UInt8>) throws {
                precondition(frame.count == frameBytes)
                // Frame by frame, when writing and when verifying: the sum is over words, and a frame need not be
                // a whole number of them.
                sum.add(UnsafeRawBufferPointer(frame))
                try file.write(UnsafeRawBufferPointer(frame))
                count += 1
            }
            if isStill {
                let pixels = try source.readStill(path: path, geometry: geometry, timeLimit: choice.timeLimit)
                if !pixels.isEmpty { try pixels.withUnsafeBufferPointer(take) }
            } else {
                let limit =
                    choice.maximumSeconds > 0 ? max(1, Int(choice.maximumSeconds / interval)) : Int.max
                let grid = FrameGrid(
                    interval: interval, geometry: geometry, most: limit, timeLimit: choice.timeLimit)
                try source.readFrames(path: path, grid: grid, isCancelled: isCancelled, take: take)
            }
            guard count > 0 else { throw VideoError(path: path, reason: .noFrames, detail: "no frames") }
            let header = CacheEntryHeader(
                width: geometry.width, height: geometry.height, frameCount: count, isStill: isStill,
                settings: settings, frameChecksum: sum.value, interval: interval,
                fingerprint: String(fingerprint.prefix(64)))
            try file.overwrite(header.encoded(), at: 0)
            try file.commit()
        } catch let error as SystemError {
            throw TrainingError.file(path: entry, problem: error.description)
        }
    }
}
