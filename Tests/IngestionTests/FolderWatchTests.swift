import Foundation
import Ingestion
import Testing

/// The kernel's notices, as changes of videos.
@Suite struct FolderWatchTests {
    let library: Library

    init() throws { library = try Library() }

    /// All changes until nothing more comes for a moment, each once, in the order of their first coming.
    private func changes(_ watch: FolderWatch) throws -> [FolderWatch.Change] {
        var all: [FolderWatch.Change] = []
        while case let some = try watch.changes(waiting: 0.15), !some.isEmpty {
            for change in some where !all.contains(change) { all.append(change) }
        }
        return all
    }

    @Test func filesComeGrowMoveAndGo() throws {
        let watch = try FolderWatch([library.videos])
        #expect(watch.count == 1)
        try library.write("a.mp4", "one")
        let a = library.path("a.mp4")
        #expect(try changes(watch).prefix(2) == [.written(a), .closed(a)])
        let file = try #require(fopen(a, "a"))
        fputs("more", file)
        fflush(file)
        #expect(try changes(watch) == [.written(a)])
        fclose(file)
        #expect(try changes(watch) == [.closed(a)])
        try library.move("a.mp4", "b.mp4")
        #expect(try changes(watch) == [.gone(a), .closed(library.path("b.mp4"))])
        try library.delete("b.mp4")
        #expect(try changes(watch) == [.gone(library.path("b.mp4"))])
        // What no run would look at is no change.
        try library.write("notes.txt", "no video")
        try library.write(".hidden.mp4", "hidden")
        try library.write(".folder/a.mp4", "hidden")
        #expect(try changes(watch) == [])
        // A download under another name.
        try library.write("c.mp4.part", "half")
        #expect(try changes(watch) == [])
        try library.move("c.mp4.part", "c.mp4")
        #expect(try changes(watch) == [.closed(library.path("c.mp4"))])
    }

    @Test func newFoldersAreWatchedAndMovedOnesByTheirNewName() throws {
        try library.write("old/deep/a.mp4", "one")
        let watch = try FolderWatch([library.videos])
        #expect(watch.count == 3)
        // Made at once, with what is in them.
        try library.write("new/er/est/b.mp4", "two")
        #expect(try changes(watch).contains(.unknown))
        #expect(watch.count == 6)
        try library.write("new/er/est/c.mp4", "three")
        #expect(try changes(watch).contains(.closed(library.path("new/er/est/c.mp4"))))
        try library.move("old", "renamed")
        #expect(try changes(watch) == [.unknown])
        #expect(watch.count == 6)
        try library.write("renamed/deep/d.mp4", "four")
        #expect(try changes(watch).contains(.closed(library.path("renamed/deep/d.mp4"))))
        // Out of the folders it is watched no more.
        let outside = library.folder.path + "/outside"
        try FileManager.default.moveItem(atPath: library.path("renamed"), toPath: outside)
        #expect(try changes(watch) == [.unknown])
        #expect(watch.count == 4)
        try "x".write(toFile: outside + "/deep/e.mp4", atomically: false, encoding: .utf8)
        #expect(try changes(watch) == [])
        try library.delete("new")
        #expect(try changes(watch).contains(.unknown))
        #expect(watch.count == 1)
    }

    @Test func linkedFoldersAreWatchedWhereTheyAre() throws {
        let elsewhere = library.folder.path + "/elsewhere"
        try FileManager.default.createDirectory(atPath: elsewhere + "/sub", withIntermediateDirectories: true)
        let watch = try FolderWatch([library.videos])
        try FileManager.default.createSymbolicLink(
            atPath: library.path("link"), withDestinationPath: elsewhere)
        #expect(try changes(watch) == [.unknown])
        try "x".write(toFile: elsewhere + "/sub/a.mp4", atomically: false, encoding: .utf8)
        #expect(try changes(watch).contains(.closed(elsewhere + "/sub/a.mp4")))
    }

    @Test func anOverflowHasEverythingLookedAt() throws {
        let watch = try FolderWatch([library.videos])
        try library.write("new/a.mp4", "one")
        // The notices of the new folder are lost.
        let overflow = Inotify.Event(watch: -1, mask: Inotify.Event.overflow, name: "")
        #expect(try watch.changes(for: [overflow]) == [.unknown])
        #expect(watch.count == 2)
        _ = try changes(watch)
        try library.write("new/b.mp4", "two")
        #expect(try changes(watch).contains(.closed(library.path("new/b.mp4"))))
    }

    @Test func noticesAreReadAsTheKernelWritesThem() {
        func notice(_ watch: Int32, _ mask: UInt32, _ name: [UInt8]) -> [UInt8] {
            func bytes<T>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
            return bytes(watch) + bytes(mask) + bytes(UInt32(0)) + bytes(UInt32(name.count)) + name
        }
        let bytes =
            notice(3, 0x100, Array("ä.mp4".utf8) + [0, 0]) + notice(-1, 0x4000, [])
            + notice(4, 2, [0xFF, 0, 0, 0])
        let events = bytes.withUnsafeBytes { Inotify.parse($0) }
        #expect(
            events == [
                .init(watch: 3, mask: 0x100, name: "ä.mp4"), .init(watch: -1, mask: 0x4000, name: ""),
                .init(watch: 4, mask: 2, name: ""),
            ])
        #expect(bytes.dropLast().withUnsafeBytes { Inotify.parse($0) }.count == 2)
    }

    @Test func limitsAndMissingFoldersAreTypedErrors() throws {
        try library.write("a/b/c.mp4", "one")
        func error(_ body: () throws -> FolderWatch) -> WatchError? {
            do {
                _ = try body()
                return nil
            } catch { return error as? WatchError }
        }
        let limit = error { try FolderWatch([library.videos], mostWatches: 2) }
        #expect(limit?.reason == .limit && limit?.path.hasPrefix(library.videos) == true)
        #expect(limit?.hint?.contains("sysctl fs.inotify.max_user_watches") == true)
        #expect(error { try FolderWatch([library.path("none")]) }?.reason == .notAFolder)
        #expect(error { try FolderWatch([library.path("a/b/c.mp4")]) }?.reason == .notAFolder)
        // Reached while it runs.
        let watch = try FolderWatch([library.videos], mostWatches: 3)
        try library.write("d/e.mp4", "two")
        #expect(throws: WatchError.self) { while true { _ = try watch.changes(waiting: 1) } }
    }

    @Test func aRootThatComesBackIsFound() throws {
        try library.write("a.mp4", "one")
        let watch = try FolderWatch([library.videos])
        #expect(try !watch.findLostRoots())
        try FileManager.default.removeItem(atPath: library.videos)
        #expect(try changes(watch).contains(.unknown))
        #expect(try !watch.findLostRoots() && watch.count == 0)
        try library.write("b.mp4", "two")
        #expect(try watch.findLostRoots() && watch.count == 1)
    }
}
