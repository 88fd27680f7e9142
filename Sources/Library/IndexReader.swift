import Base
import Glibc
import Indexing
import Retrieval
import Synchronization

/// Keeps the index open for reading from one call to the next, since opening checks the whole table of
/// videos. What other processes store is seen; a folder that was deleted or replaced is opened anew.
final class IndexReader: Sendable {
    /// The index and its ranking.
    struct Opened: Sendable {
        let index: VideoIndex
        let engine: SearchEngine
        fileprivate let place: Place
    }

    fileprivate struct Place: Sendable, Equatable {
        var device: Int64
        var file: UInt64
    }

    private let folder: String
    private let refresh: @Sendable () throws(IndexError) -> Void
    private let current = Mutex<Opened?>(nil)

    /// - Parameter refresh: brings the folder in step with what it is a copy of.
    init(folder: String, refresh: @escaping @Sendable () throws(IndexError) -> Void = {}) {
        self.folder = folder
        self.refresh = refresh
    }

    /// The open index.
    func opened() throws(IndexError) -> Opened {
        try refresh()
        let result: Result<Opened, IndexError> = current.withLock { current in
            let place = Self.place(of: folder)
            if let current, let place, current.place == place { return .success(current) }
            current = nil
            do throws(IndexError) {
                let index = try VideoIndex.open(readingFrom: folder)
                let opened = Opened(
                    index: index, engine: try SearchEngine(index: index),
                    place: place ?? Place(device: 0, file: 0))
                current = opened
                return .success(opened)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Runs reading code; after an error the next call opens the index anew.
    func read<R>(_ body: (Opened) throws(IndexError) -> R) throws(LibraryError) -> R {
        do throws(IndexError) {
            return try body(try opened())
        } catch {
            forget()
            throw LibraryError(error)
        }
    }

    /// Has the next call open the index anew.
    func forget() {
        current.withLock { $0 = nil }
    }

    /// The database's place on the disk, by which a replaced one is told from the one that is open.
    private static func place(of folder: String) -> Place? {
        FileStatus(path: folder + "/videos.sqlite").map { Place(device: $0.device, file: $0.inode) }
    }
}
