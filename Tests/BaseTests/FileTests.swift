import Base
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func bytes(_ name: String) throws -> [UInt8] {
        try FileBytes.read(folder.file(name), limit: 1 << 24)
    }

    @Test func theFormerFileStaysUntilTheNewOneIsWhole() throws {
        try folder.write([1], to: "a")
        let file = try AtomicFile(path: folder.file("a"))
        // Across the buffer's borders.
        let piece = (0..<700_000).map { UInt8(truncatingIfNeeded: $0) }
        for _ in 0..<4 { try file.write(piece) }
        try file.write([UInt8](repeating: 7, count: 3 << 20))
        try file.write("end")
        try file.overwrite([9, 9], at: 0)
        #expect(try bytes("a") == [1])
        try file.commit()
        var expected = piece + piece + piece + piece + [UInt8](repeating: 7, count: 3 << 20)
        expected += "end".utf8
        expected[0] = 9
        expected[1] = 9
        #expect(try bytes("a") == expected)
        #expect(folder.names == ["a"])
    }

    @Test func whatIsNotCommittedLeavesNothing() throws {
        try folder.write([1], to: "a")
        do {
            let file = try AtomicFile(path: folder.file("a"))
            try file.write([2, 3])
            #expect(folder.names.count == 2)
        }
        #expect(folder.names == ["a"])
        #expect(try bytes("a") == [1])
    }

    @Test func twoWritersDoNotMeet() throws {
        let (first, second) = (
            try AtomicFile(path: folder.file("a")), try AtomicFile(path: folder.file("a"))
        )
        #expect(folder.names.count == 2)
        try first.write([1])
        try second.write([2])
        try second.commit()
        #expect(try bytes("a") == [2])
        try first.commit()
        #expect(try bytes("a") == [1])
        #expect(folder.names == ["a"])
    }

    /// By which a file that a killed process left is told from one that is being written.
    @Test func theNeighbourIsLocked() throws {
        let file = try AtomicFile(path: folder.file("a"))
        let name = try #require(folder.names.first)
        #expect(name.hasPrefix("a.") && name.hasSuffix(AtomicFile.temporaryEnding))
        let other = open(folder.file(name), O_RDONLY | O_CLOEXEC)
        defer { close(other) }
        #expect(flock(other, LOCK_EX | LOCK_NB) != 0)
        try file.commit()
    }

    /// What a writer leaves that is killed goes with the next one of the same file; others' files stay.
    @Test func whatKilledWritersLeftGoes() throws {
        let left = "a.123.abc" + AtomicFile.temporaryEnding
        let others = [
            "b.123.abc" + AtomicFile.temporaryEnding, "a.123.abc.other",
            "ab.1.c" + AtomicFile.temporaryEnding,
        ]
        for name in others + [left] { try folder.write([1], to: name) }
        let living = try AtomicFile(path: folder.file("a"))
        #expect(!folder.names.contains(left) && folder.names.count == 4)
        try AtomicFile.write([2], to: folder.file("a"))
        try living.commit()
        #expect(folder.names == (others + ["a"]).sorted())
        try folder.write([1], to: left)
        _ = try AtomicFile(path: folder.file("a"), isAmongMany: true)
        #expect(folder.names.contains(left))
    }

    @Test func whatCannotBeMadeIsSaid() throws {
        let error = #expect(throws: SystemError.self) {
            try AtomicFile.write("x", to: folder.file("none/a"))
        }
        #expect(error?.description == "cannot create: no such file or directory")
        // A folder is in the way.
        try Folder.make(folder.file("b/c"))
        let other = #expect(throws: SystemError.self) { try AtomicFile.write("x", to: folder.file("b")) }
        #expect(other?.operation == "rename")
        #expect(folder.names == ["b"])
    }
}

@Suite struct PathTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func foldersAreMadeWithThoseAbove() throws {
        try Folder.make(folder.file("a/b/c"))
        try Folder.make(folder.file("a/b/c"))
        #expect(FileStatus(path: folder.file("a/b/c"))?.isFolder == true)
        try folder.write([1], to: "file")
        for path in ["file", "file/below"] {
            let error = #expect(throws: SystemError.self) { try Folder.make(folder.file(path)) }
            #expect(error?.description == "cannot make the folder: not a directory")
        }
        #expect(try #require(Folder.names(in: folder.path)).sorted() == ["a", "file"])
        #expect(Folder.names(in: folder.file("none")) == nil)
    }

    @Test func pathsAreResolvedAsFarAsTheyExist() throws {
        try Folder.make(folder.file("real/sub"))
        symlink(folder.file("real"), folder.file("link"))
        #expect(Path.real(folder.file("link/sub")) == folder.file("real/sub"))
        #expect(Path.real(folder.file("link/none")) == nil)
        #expect(Path.real("/\0") == nil)
        for (given, expected) in [
            ("link/sub", "real/sub"), ("link/none/a.mp4", "real/none/a.mp4"), ("link/", "real"),
            ("link/./none//b", "real/none/b"), ("none", "none"),
        ] {
            #expect(Path.resolved(folder.file(given)) == folder.file(expected), "\(given)")
        }
        #expect(Path.resolved("/") == "/")
        #expect(Path.resolved("") == FileManager.default.currentDirectoryPath)
        #expect(Path.resolved("none.mp4") == FileManager.default.currentDirectoryPath + "/none.mp4")
    }

    @Test func pathsAreTakenApart() {
        for (path, folder, name) in [
            ("/a/b", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("a/b/", "a/b", ""), ("/", "/", ""),
        ] {
            #expect(Path.folder(of: path) == folder)
            #expect(Path.name(of: path) == name)
        }
        #expect(Path.outermost(["/a/b", "/a", "/ab", "/a/c/"]) == ["/a", "/ab"])
        #expect("/a/b".isAtOrBelow("/a") && "/a".isAtOrBelow("/a") && "/a".isAtOrBelow("/"))
        #expect(!"/ab".isAtOrBelow("/a") && !"/a".isAtOrBelow("/a/b"))
    }
}

@Suite struct ThreadTests {
    @Test func allThreadsAreJoined() {
        let (ended, ticks) = (Count(), Count())
        onThreads(4, name: "test", tick: { ticks.add() }) {
            usleep(250_000)
            ended.add()
        }
        #expect(ended.value == 4)
        #expect(ticks.value > 0)
    }

    private final class Count: @unchecked Sendable {
        private let lock = NSLock()
        private var count = 0
        var value: Int { lock.withLock { count } }
        func add() { lock.withLock { count += 1 } }
    }
}

@Suite struct NumberTests {
    @Test(arguments: [
        (1.25, 1, "1.3"), (-0.04, 1, "0.0"), (-0.05, 1, "-0.1"), (12, 0, "12"), (0.5, 3, "0.500"),
        (1e12, 2, "1000000000000.0"), (.infinity, 2, "inf"), (3.999, 2, "4.00"),
    ])
    func digitsBehindThePointAreFixed(value: Double, decimals: Int, text: String) {
        #expect(value.fixed(decimals) == text)
    }

    @Test func fnvIsAsDefined() {
        var sum = FNVChecksum()
        #expect(sum.value == 0xCBF2_9CE4_8422_2325)
        sum.addBytes("a")
        #expect(sum.value == 0xAF63_DC4C_8601_EC8C)
    }

    @Test func base64IsReadAsItIsWritten() {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 37 * $0 + 200) }
            #expect([UInt8](base64: bytes.base64) == bytes)
        }
        #expect(Array("Man".utf8).base64 == "TWFu" && Array("M".utf8).base64 == "TQ==")
        for text in ["TQ=", "T", "TW Fu", "TWF\n", "????"] { #expect([UInt8](base64: text) == nil) }
    }
}
