internal import FoundationEssentials
import VideoDecoding

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What is known of the files that were seen, so that unchanged ones need not be read to find their entry.
/// Advisory: without it, or where it is damaged, files are fingerprinted again.
struct CacheIndex: Codable {
    struct File: Codable, Equatable {
        var path: String
        var size: Int64
        var modified: Int64
        var fingerprint: String?
        /// Why it could not be read, if so.
        var failure: String?
    }
    var version = 1
    var files: [File] = []

    static func load(_ path: String) -> [String: File] {
        guard let mapped = MappedFile(path: path),
            let index = try? JSONCoding.decoder().decode(CacheIndex.self, from: Data(mapped.bytes)),
            index.version == 1
        else { return [:] }
        return Dictionary(index.files.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    }

    static func save(_ files: [String: File], to path: String) throws(TrainingError) {
        let index = CacheIndex(files: files.values.sorted { $0.path < $1.path })
        guard let data = try? JSONCoding.encoder().encode(index) else { return }
        try FileReplacement.write(String(decoding: data, as: UTF8.self), to: path)
    }

    /// Size in bytes and time of the last change in nanoseconds; nil where there is no such file.
    static func facts(_ path: String) -> (size: Int64, modified: Int64)? {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        let time = facts.st_mtim
        return (Int64(facts.st_size), Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }
}
