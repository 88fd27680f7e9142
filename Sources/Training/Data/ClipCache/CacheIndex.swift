internal import FoundationEssentials
import Base

import Glibc

/// What is known of the files that were seen, so that unchanged ones need not be read to find their entry.
/// Advisory: without it, or where it is damaged, files are fingerprinted again. So a digit of a fingerprint that flips gives no video
/// the name of another, nor hides that two are the same.
struct CacheIndex: Codable {
    struct File: Codable, Equatable {
        var path: String
        var size: Int64
        var modified: Int64
        /// Of the status, which an edit changes even where it sets the time of the last change back; nil where not stored.
        var statusChanged: Int64?
        var fingerprint: String?
        /// Why it could not be read, if so.
        var failure: String?
    }
    private static let currentVersion = 2
    private var version = currentVersion
    private var files: [File]
    /// Of the files, as text.
    private var checksum: String

    private init(_ files: [File]) throws {
        self.files = files
        let text = String(decoding: try JSONCoding.encoder().encode(files), as: UTF8.self)
        checksum = String(FNVChecksum.of(text), radix: 16)
    }

    static func load(_ path: String) -> [String: File] {
        // Byte for byte what is written of these files, or nothing.
        guard let mapped = MappedFile(path: path),
            let index = try? JSONCoding.decoder().decode(CacheIndex.self, from: Data(mapped.bytes)),
            index.version == currentVersion,
            let whole = try? JSONCoding.encoder().encode(CacheIndex(index.files)), whole == Data(mapped.bytes)
        else { return [:] }
        return Dictionary(index.files.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    }

    static func save(_ files: [String: File], to path: String) throws(TrainingError) {
        guard let index = try? CacheIndex(files.values.sorted { $0.path < $1.path }),
            let data = try? JSONCoding.encoder().encode(index)
        else { return }
        try OutputFiles.write(String(decoding: data, as: UTF8.self), to: path)
    }
}
