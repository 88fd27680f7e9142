internal import GRDB
import Base
import Glibc
import Synchronization

/// The durable index: SQLite is the truth, the moments file is derived from it.
///
/// Safe to use from any thread. Reading goes on while another process, or another instance, writes; each call sees
/// the index as some transaction left it. Each stored video is one transaction, on the disk when the call returns:
/// neither a kill nor a power cut takes it back, and neither leaves half a video.
public final class VideoIndex: Sendable {
    /// Absolute, symlinks resolved.
    public let folder: String
    /// The model that the index was made with.
    public let model: IndexModel
    /// The format that the database has on disk.
    public let formatVersion: Int

    let reader: any DatabaseReader
    let writer: DatabasePool?
    let uuid: String
    let currentMoments = Mutex<MomentsTable?>(nil)
    let currentClips = Mutex<MomentsTable?>(nil)
    let currentScenes = Mutex<MomentsTable?>(nil)
    private let lock: Mutex<WriterLock?>
    private let structureIsChecked: Atomic<Bool>

    private init(
        folder: String, reader: any DatabaseReader, writer: DatabasePool?, lock: WriterLock?,
        library: LibraryRow,
        format: Int, structureIsChecked: Bool = false
    ) {
        self.folder = folder
        self.reader = reader
        self.writer = writer
        self.lock = Mutex(lock)
        model = library.model
        uuid = library.uuid
        formatVersion = format
        self.structureIsChecked = Atomic(structureIsChecked)
    }

    /// The newest format this code reads and writes.
    public static var currentFormatVersion: Int { Schema.currentFormat }

    /// How soon a stored video is safe.
    package enum Durability: String {
        /// A power cut may take back the last videos; a kill takes none. For tests that store thousands.
        case process = "NORMAL"
        /// Safe when the call returns.
        case power = "FULL"
    }

    /// Opens for reading; the folder must hold an index made by `model`'s fingerprint when one is given.
    ///
    /// - Throws: `notFound`, `otherModel`, `newerFormat`, `corrupted`, `readOnly` where SQLite needs to write to
    ///   recover from a kill and may not, `failed`.
    public static func open(readingFrom folder: String, expecting model: IndexModel? = nil) throws(IndexError)
        -> VideoIndex
    {
        guard let resolved = Path.real(folder), Path.exists(resolved + databaseName) else {
            throw notFound(folder)
        }
        return try translatingErrors(resolved) {
            let reader = try openReader(resolved)
            let (format, library) = try reader.read { db in
                let state = try Schema.inspect(db, folder: resolved)
                guard case .format(let format) = state else { throw notFound(resolved) }
                // Every format holds what a search needs; the next writer brings an older one to the newest.
                return (format, try LibraryRow(db, folder: resolved))
            }
            if let model { try check(library.model, against: model, folder: resolved) }
            return VideoIndex(
                folder: resolved, reader: reader, writer: nil, lock: nil, library: library, format: format)
        }
    }

    /// Opens for writing, and makes the index if it does not exist. Holds the writer's lock until `close`.
    ///
    /// - Throws: `busy` where another writer still has the lock after `waitingSeconds` or when it is cancelled, `otherModel`, `newerFormat`,
    ///   `corrupted`, `readOnly`, `diskFull`, `failed`.
    public static func open(
        writingTo folder: String, model: IndexModel, waitingSeconds: Double = 0,
        isCancelled: () -> Bool = { false }
    ) throws(IndexError) -> VideoIndex {
        try open(
            writingTo: folder, model: model, waitingSeconds: waitingSeconds, isCancelled: isCancelled,
            durability: .power)
    }

    package static func open(
        writingTo folder: String, model: IndexModel, waitingSeconds: Double = 0,
        isCancelled: () -> Bool = { false }, durability: Durability
    ) throws(IndexError) -> VideoIndex {
        precondition(model.dimension > 0, "a model has a dimension")
        do throws(SystemError) { try Folder.make(folder) } catch {
            throw .system(folder, doing: "making the folder", errno: error.code)
        }
        guard let resolved = Path.real(folder) else { throw notFound(folder) }
        let lock = try WriterLock(
            folder: resolved, waitingSeconds: waitingSeconds, isCancelled: isCancelled)
        MomentsFile.removeAbandoned(in: resolved)
        return try translatingErrors(resolved) {
            // Looked at before anything is written, so that a refused index stays as it is.
            if Path.exists(resolved + databaseName) {
                let peek = try DatabaseQueue(path: resolved + databaseName, configuration: configuration())
                defer { try? peek.close() }
                let state = try peek.read { try Schema.inspect($0, folder: resolved) }
                // An interrupted first run leaves an empty database, too, but no files made of it.
                let derived: [MomentsKind] = [.videos, .clips, .scenes]
                if state == .blank, derived.contains(where: { Path.exists(resolved + $0.fileName) }) {
                    throw IndexError.corrupted(
                        resolved, "its database is empty, although files derived from it exist")
                }
            }
            let pool = try DatabasePool(path: resolved + databaseName, configuration: configuration())
            let library = try pool.writeWithoutTransaction { db in
                // GRDB lowers this to NORMAL when it switches to the write-ahead log.
                try db.execute(sql: "PRAGMA synchronous = \(durability.rawValue)")
                try Schema.migrate(db, from: try Schema.inspect(db, folder: resolved))
                try checkStructure(db, folder: resolved)
                if try Int.fetchOne(db, sql: "SELECT count(*) FROM library") == 0,
                    try Int.fetchOne(db, sql: "SELECT count(*) FROM video") == 0
                {
                    try LibraryRow(new: RandomName.make(), model: model).save(db)
                }
                return try LibraryRow(db, folder: resolved)
            }
            try check(library.model, against: model, folder: resolved)
            MomentsFile.removeLater(than: library.sequence, in: resolved)
            return VideoIndex(
                folder: resolved, reader: pool, writer: pool, lock: lock, library: library,
                format: Schema.currentFormat, structureIsChecked: true)
        }
    }

    /// Whether this instance may store and remove.
    public var isWritable: Bool { writer != nil }

    /// Ends the use of the index and gives the writer's lock back. Later calls throw. Letting go of the last
    /// reference does the same.
    public func close() {
        currentMoments.withLock { $0 = nil }
        currentClips.withLock { $0 = nil }
        currentScenes.withLock { $0 = nil }
        // The log stays when a pool is closed, and the next program that opens the index would have to read it. Where
        // others are reading it stays for now.
        _ = try? writer?.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        try? reader.close()
        lock.withLock { $0 = nil }
    }
}

// MARK: - Opening

extension VideoIndex {
    static let databaseName = "/videos.sqlite"

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "mixtape.index"
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            // Damage in a page is met when the page is read, not when it is trusted.
            try db.execute(sql: "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
        }
        return configuration
    }

    /// A pool of read-only connections; in a folder that may not be written, a single connection that takes the
    /// database for unchanging, which SQLite needs in order to do without its shared-memory file.
    private static func openReader(_ folder: String) throws -> any DatabaseReader {
        var configuration = configuration()
        configuration.readonly = true
        let path = folder + databaseName
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            _ = try pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
            return pool
        } catch let error as DatabaseError where cannotShare(error) {
            if (FileStatus(path: path + "-wal")?.size ?? 0) > 0 {
                throw IndexError.readOnly(
                    folder,
                    "the index was not closed properly, and recovering it needs permission to write its folder"
                )
            }
            return try DatabaseQueue(
                path: "file:\(uriEncoded(path))?immutable=1", configuration: configuration)
        }
    }

    private static func cannotShare(_ error: DatabaseError) -> Bool {
        [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode)
    }

    private static func uriEncoded(_ path: String) -> String {
        var encoded = ""
        for byte in path.utf8 {
            let character = Unicode.Scalar(byte)
            if byte < 0x80,
                character.properties.isAlphabetic || "/-._0123456789".unicodeScalars.contains(character)
            {
                encoded.unicodeScalars.append(character)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return encoded
    }

    /// To be called before an absence is believed. Every row is checked when it is read, so what is found can be
    /// trusted; only what isn't there can have been hidden by damage. The first call takes a second for a million
    /// videos, which a search for an indexed video has no need to spend.
    func requireStructure(_ db: Database) throws {
        if structureIsChecked.load(ordering: .relaxed) { return }
        try VideoIndex.checkStructure(db, folder: folder)
        structureIsChecked.store(true, ordering: .relaxed)
    }

    /// Walks the table of videos and its indexes, so that a damaged index cannot hide a path.
    private static func checkStructure(_ db: Database, folder: String) throws {
        guard let verdict = try String.fetchOne(db, sql: "PRAGMA integrity_check(video)"), verdict == "ok"
        else {
            throw IndexError.corrupted(folder, "SQLite's integrity check fails on the table of videos")
        }
    }

    private static func check(_ found: IndexModel, against wanted: IndexModel, folder: String)
        throws(IndexError)
    {
        if found.fingerprint == wanted.fingerprint && found.dimension == wanted.dimension { return }
        throw IndexError(
            reason: .otherModel, path: folder,
            message: "the index was made with the model \(describe(found)), not with \(describe(wanted))",
            hint: "name that model with --model, or another index folder with --index")
    }

    private static func describe(_ model: IndexModel) -> String {
        "\"\(model.name)\" (\(model.dimension) dimensions, \(model.fingerprint.prefix(12)))"
    }

    private static func notFound(_ folder: String) -> IndexError {
        IndexError(
            reason: .notFound, path: folder, message: "there is no index in this folder",
            hint: "make one with `mixtape index FOLDER`, or name another with --index")
    }
}

extension VideoIndex {
    /// Bytes that the index takes on the disk, moments and write-ahead log included.
    public var sizeOnDisk: Int64 {
        ["/videos.sqlite", "/videos.sqlite-wal", "/moments.bin", "/clips.bin", "/scenes.bin"].reduce(0) {
            $0 + (FileStatus(path: folder + $1)?.size ?? 0)
        }
    }
}
