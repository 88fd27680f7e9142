import Base
import Indexing

extension VideoLibrary {
    /// Decodes a file from end to end; how much of it could be decoded soundly, 0…1.
    package func decodedShare(
        path: String, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> Double {
        try encoders.encode(path: path, range: nil, isCancelled: isCancelled)[0].facts.decodedShare
    }

    /// Brings the index in step with files that went or came back just now, without reading a video. Where there is no index, nothing
    /// is to be done.
    ///
    /// - Parameters:
    ///   - gone: rows of these are removed where no file is there.
    ///   - back: rows of these are made from those of equal files.
    /// - Returns: those of `back` whose content the index does not have.
    package func follow(
        gone: [String], back: [String], waitingSeconds: Double
    ) throws(LibraryError) -> [String] {
        guard configuration.index.mayExist else { return [] }
        do throws(IndexError) {
            let index = try store(waitingSeconds: waitingSeconds)
            defer { index.close() }
            let missing = gone.filter { FileStatus(path: $0, followingLinks: false)?.isRegular != true }
            try index.remove(paths: missing)
            var unknown: [String] = []
            for path in back {
                let opened = try reader.opened().index
                guard let status = FileStatus(path: path), try opened.video(atPath: path) == nil else {
                    continue
                }
                guard let content = try? ContentFingerprint.of(path: path),
                    let equal = try opened.videos(withFingerprint: content).first
                else {
                    unknown.append(path)
                    continue
                }
                let identity = FileIdentity(
                    path: path, fingerprint: content, size: status.size, modified: status.modified,
                    device: status.device, statusChanged: status.statusChanged)
                try index.storeCopy(of: equal.id, as: identity)
            }
            return unknown
        } catch {
            reader.forget()
            throw LibraryError(error)
        }
    }
}
