import Foundation
import Glibc
import Indexing
import Testing

/// A small filesystem in memory, mounted for the test.
final class SmallDisk: Sendable {
    let path: String

    /// Nil where the test may not mount.
    init?(kilobytes: Int) {
        path = FileManager.default.temporaryDirectory.path + "/mixtape-disk-\(UUID().uuidString)"
        guard mkdir(path, 0o700) == 0 else { return nil }
        if mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k") != 0 {
            rmdir(path)
            return nil
        }
    }

    /// Makes the disk read-only, or writable again.
    func set(readOnly: Bool) -> Bool {
        mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT) | (readOnly ? UInt(MS_RDONLY) : 0), nil) == 0
    }

    deinit {
        if umount2(path, Int32(MNT_DETACH)) == 0 { rmdir(path) }
    }

    static let mayMount = SmallDisk(kilobytes: 64) != nil
}

@Suite(.enabled(if: SmallDisk.mayMount, "mounting a small disk needs the superuser"))
struct SmallDiskTests {
    @Test func aFullDiskIsSaidAndTheIndexStaysUsable() throws {
        let disk = try #require(SmallDisk(kilobytes: 1024))
        let folder = disk.path + "/index"
        let index = try VideoIndex.open(writingTo: folder, model: testModel)
        var stored: [Int64: Int] = [:]
        var error: IndexError?
        for number in 0..<5000 where error == nil {
            error = indexError { stored[try index.store(Sample(number, clips: 20))] = number }
        }
        #expect(error?.reason == .diskFull)
        #expect(error?.hint?.contains("free some space") == true)
        #expect(stored.count > 10)

        // Still readable, by this one and by others, and the moments do without the file.
        #expect(try index.counts().ready == stored.count)
        #expect(try index.moments().count == stored.count)
        for (id, number) in stored {
            #expect(try index.mixture(ofVideo: id).mixture == Sample(number, clips: 20).mixture)
        }
        index.close()

        // With space again, it goes on where it stopped.
        #expect(mount("tmpfs", disk.path, "tmpfs", UInt(MS_REMOUNT), "size=8192k") == 0)
        let again = try VideoIndex.open(writingTo: folder, model: testModel)
        #expect(try again.counts().ready == stored.count)
        try again.store(Sample(9000))
        #expect(try again.moments().count == stored.count + 1)
    }

    @Test func aDiskFullFromTheStartIsSaid() throws {
        let disk = try #require(SmallDisk(kilobytes: 16))
        let error = indexError {
            let index = try VideoIndex.open(writingTo: disk.path + "/index", model: testModel)
            try index.store(Sample(1, clips: 50))
        }
        #expect(error?.reason == .diskFull)
    }

    @Test func aReadOnlyDiskCanBeSearchedButNotWritten() throws {
        let disk = try #require(SmallDisk(kilobytes: 8192))
        // A name that a URI must escape.
        let folder = disk.path + "/my index? 100%"
        let index = try VideoIndex.forTests(folder)
        for number in 0..<10 { try index.store(Sample(number)) }
        index.close()
        try #require(disk.set(readOnly: true))
        do {
            let reader = try VideoIndex.open(readingFrom: folder, expecting: testModel)
            #expect(try reader.moments().count == 10)
            #expect(try reader.mixture(ofVideo: 3).mixture == Sample(2).mixture)
            reader.close()
        }
        #expect(indexError { _ = try VideoIndex.forTests(folder) }?.reason == .readOnly)
        #expect(disk.set(readOnly: false))
    }

    @Test func anIndexLeftOpenOnAReadOnlyDiskIsNotReadHalf() throws {
        let disk = try #require(SmallDisk(kilobytes: 8192))
        let (folder, copy) = (disk.path + "/index", disk.path + "/killed")
        let index = try VideoIndex.forTests(folder)
        for number in 0..<10 { try index.store(Sample(number)) }
        mkdir(copy, 0o700)
        for name in ["videos.sqlite", "videos.sqlite-wal"] {
            try FileManager.default.copyItem(atPath: folder + "/" + name, toPath: copy + "/" + name)
        }
        index.close()
        try #require(disk.set(readOnly: true))
        #expect(indexError { _ = try VideoIndex.open(readingFrom: copy) }?.reason == .readOnly)
        #expect(disk.set(readOnly: false))
        #expect(try VideoIndex.open(readingFrom: copy).counts().ready == 10)
    }
}
