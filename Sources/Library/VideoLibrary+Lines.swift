import Base
import Glibc
import Indexing
import Ingestion
import Synchronization
import VideoEncoding

/// What an import did.
public struct ImportSummary: Sendable, Equatable {
    /// Videos stored.
    public var stored = 0
    /// Files of which a failure was recorded.
    public var failed = 0
    /// Lines that were passed over: the index holds another stream of the same file, which somebody chose.
    public var kept = 0

    package init(stored: Int = 0, failed: Int = 0, kept: Int = 0) {
        (self.stored, self.failed, self.kept) = (stored, failed, kept)
    }

    /// What `import --json` prints.
    public var json: JSONValue {
        ["stored": .number(stored), "failed": .number(failed), "kept": .number(kept)]
    }
}

extension VideoLibrary {
    /// Bytes of a line that is imported, at most: a day and a half of clips every two seconds, of 256 dimensions. Of a video with
    /// more an error is all that `encodeLines` writes.
    public static let longestImportedLine = 256 << 20

    /// Encodes the files that lines name and writes a line of JSON for each, in the order in which they are done.
    ///
    /// - Parameters:
    ///   - next: the next line, a JSON string or an object with `path`, or plain text; nil at the end. Called by one
    ///     thread at a time. One that is too long for a path, or holds a zero byte, ends the work.
    ///   - write: takes a line, without its end, which `importLines` takes. Called by one thread at a time.
    /// - Throws: `failed` with the line's number, or of the lines where they cannot be read; what was begun is written
    ///   before that.
    public func encodeLines(
        workers: Int?, timeLimit: Double,
        next: @escaping @Sendable () throws(LineInput.Failure) -> LineInput.Line?,
        write: @escaping @Sendable (String) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) {
        let encoder = try encoders.model()
        let source = source(encoder)
        let count = max(1, workers ?? configuration.processors)
        let threads = max(1, configuration.processors / count)
        let input = Mutex(0)
        let output = Mutex(())
        let failure = Mutex<IndexError?>(nil)
        let model = encoder.indexModel
        onThreads(count, name: "index") {
            var worker: (any VideoWorker)?
            while !isCancelled(), failure.withLock({ $0 == nil }) {
                do throws(IndexError) {
                    let taken = try input.withLock { (number) throws(IndexError) in
                        number += 1
                        let line = try Self.readable(hint: Self.pathHint, next)
                        return line.map { (number: number, line: $0) }
                    }
                    guard let (number, given) = taken else { return }
                    guard let text = try Self.text(given, number, hint: Self.pathHint) else { continue }
                    let path = Self.path(text)
                    guard !path.utf8.contains(0) else {
                        throw IndexError(
                            reason: .failed, path: "line \(number)", message: "a path holds no zero byte",
                            hint: Self.pathHint)
                    }
                    if worker == nil { worker = try source.makeWorker(threads: threads) }
                    guard let worker else { return }
                    let line = Self.encode(path, source, worker, threads, model, timeLimit, isCancelled)
                    if isCancelled() { return }
                    let written = line.written(atMost: Self.longestImportedLine)
                    output.withLock { _ in write(written) }
                } catch {
                    failure.withLock { $0 = error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw LibraryError(error) }
        if isCancelled() { throw .cancelled }
    }

    private static let pathHint = "pass a path a line"

    /// The path that a line names, absolute.
    private static func path(_ text: [UInt8]) -> String {
        let json = try? JSONValue(parsing: text)
        return Path.resolved(
            json?.stringValue ?? json?["path"]?.stringValue ?? String(decoding: text, as: UTF8.self))
    }

    private static func encode(
        _ path: String, _ source: any VideoSource, _ worker: any VideoWorker, _ threads: Int,
        _ model: IndexModel, _ timeLimit: Double, _ isCancelled: @escaping @Sendable () -> Bool
    ) -> MixtureLine {
        var identity = FileIdentity(path: path, fingerprint: "", size: 0, modified: 0)
        do throws(VideoError) {
            if let status = FileStatus(path: path) {
                identity.size = status.size
                identity.modified = status.modified
            }
            identity.fingerprint = try source.fingerprint(path: path)
            let video = try worker.encode(
                path: path, timeLimit: timeLimit, decoderThreads: threads, isCancelled: isCancelled)
            guard let clips = ClipBytes(video.intervals, video.mixture, video.signatures) else {
                throw VideoError(
                    path: path, reason: .encodingFailed,
                    detail: "the model produced values that are not finite numbers")
            }
            return MixtureLine(
                model: model, identity: identity,
                content: .success(.init(facts: video.facts, clipCount: video.intervals.count, clips: clips)))
        } catch {
            return MixtureLine(
                model: model, identity: identity,
                content: .failure(.init(reason: error.reason.rawValue, message: error.detail)))
        }
    }

    /// Loads lines that `encodeLines` wrote, on whatever machine, into the index, which is made where there is none. Needs no
    /// model. What is at a path is replaced, but for another stream of the same file that somebody chose.
    ///
    /// - Throws: `failed` with the line's number, or of the lines where they cannot be read; what came before it is stored.
    public func importLines(
        waitingSeconds: Double = 0, next: () throws(LineInput.Failure) -> LineInput.Line?,
        progress: (Int) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LibraryError) -> ImportSummary {
        var summary = ImportSummary()
        var importer: Importer?
        var number = 0
        defer { importer?.close() }
        let hint = "import the output of `mixtape encode`"
        do throws(IndexError) {
            while !isCancelled(), let given = try Self.readable(hint: hint, next) {
                number += 1
                guard let text = try Self.text(given, number, hint: hint) else { continue }
                guard let json = try? JSONValue(parsing: text, values: MixtureLine.mostValues),
                    let line = MixtureLine(json)
                else {
                    throw IndexError(
                        reason: .failed, path: "line \(number)",
                        message: "mixtape encode did not write this line",
                        hint: hint)
                }
                if importer == nil {
                    importer = try Importer(
                        configuration, model: line.model, waitingSeconds: waitingSeconds,
                        isCancelled: isCancelled)
                }
                try importer?.add(line)
                if number.isMultiple(of: Importer.batch) { progress(number) }
            }
            try importer?.flush()
        } catch {
            // What came before that is good.
            try? importer?.flush()
            let isWaiting = error.reason == .busy || error.reason == .unavailable
            throw isWaiting && isCancelled() ? .cancelled : LibraryError(error)
        }
        if let importer { summary = importer.summary }
        if isCancelled() { throw .cancelled }
        return summary
    }

    /// The next line; an end that is none is an error.
    private static func readable(
        hint: String, _ next: () throws(LineInput.Failure) -> LineInput.Line?
    ) throws(IndexError) -> LineInput.Line? {
        do throws(LineInput.Failure) {
            return try next()
        } catch {
            throw IndexError(
                reason: .failed, path: "standard input", message: "it cannot be read: \(error)", hint: hint)
        }
    }

    /// What a line says, without a carriage return at its end; nil where it is blank.
    private static func text(
        _ line: LineInput.Line, _ number: Int, hint: String
    ) throws(IndexError) -> [UInt8]? {
        switch line {
        case .bytes(var bytes):
            if bytes.isBlankLine { return nil }
            if bytes.last == 0x0D { bytes.removeLast() }
            return bytes
        case .tooLong:
            throw IndexError(
                reason: .failed, path: "line \(number)", message: "the line is too long",
                hint: hint)
        }
    }
}

/// Stores lines, many in a transaction.
private struct Importer {
    static let batch = 500
    /// Of the videos that wait for the end of a batch.
    private static let mostClips = 20_000

    private let store: any IndexStore
    private let model: IndexModel
    private var videos: [NewVideo] = []
    private var clips = 0
    /// The contents of which a stream was chosen.
    private var chosen: [PathKey: String] = [:]
    private(set) var summary = ImportSummary()

    init(
        _ configuration: LibraryConfiguration, model: IndexModel, waitingSeconds: Double,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) {
        self.model = model
        store = try configuration.index.writer(
            model: model, waitingSeconds: waitingSeconds, isCancelled: isCancelled)
        for row in try store.knownFiles(below: ["/"]) {
            let fingerprint = row.identity.fingerprint
            guard ChosenStream.number(in: fingerprint) != nil else { continue }
            chosen[PathKey(row.identity.path)] = ChosenStream.content(of: fingerprint)
        }
    }

    mutating func add(_ line: MixtureLine) throws(IndexError) {
        guard line.model.fingerprint == model.fingerprint, line.model.dimension == model.dimension else {
            throw IndexError(
                reason: .otherModel, path: line.identity.path, message: "it was encoded by another model",
                hint: "an index holds videos of one model; import the others into another index")
        }
        let fingerprint = line.identity.fingerprint
        // A line that names no stream is of the main one.
        if !fingerprint.isEmpty, chosen[PathKey(line.identity.path)] == fingerprint {
            summary.kept += 1
            return
        }
        switch line.content {
        case .success(let content):
            guard
                let decoded = content.clips.decoded(clipCount: content.clipCount, dimension: model.dimension)
            else { return }
            videos.append(
                NewVideo(
                    identity: line.identity, facts: content.facts, intervals: decoded.intervals,
                    mixture: decoded.mixture, signatures: decoded.signatures))
            clips += content.clipCount
            if videos.count >= Self.batch || clips >= Self.mostClips { try flush() }
        case .failure(let failure):
            try flush()
            try store.storeFailure(line.identity, reason: failure.reason, message: failure.message)
            summary.failed += 1
        }
    }

    mutating func flush() throws(IndexError) {
        if videos.isEmpty { return }
        try store.store(videos)
        summary.stored += videos.count
        (videos, clips) = ([], 0)
    }

    func close() { store.close() }
}
