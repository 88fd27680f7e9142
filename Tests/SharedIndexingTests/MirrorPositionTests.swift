import Foundation
import Indexing
import SharedIndexing
import Testing

/// The note of where a mirror is in step; no server is needed to read and write it.
@Suite struct MirrorPositionTests {
    private let position = MirrorPosition(
        uuid: "5adb9a198782d910ca4cd51c9a6633fe", sequence: 41_372, lists: 6)

    @Test func whatIsWrittenIsRead() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mirror"
        for position in [position, MirrorPosition(uuid: "", sequence: .max, lists: -1)] {
            try position.write(to: path)
            #expect(MirrorPosition.read(path) == position)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["mirror"])
    }

    /// Every bit of it, every length; a digit that rises is what would lose videos.
    @Test func aDamagedNoteIsNone() {
        let whole = Array(position.text.utf8)
        #expect(MirrorPosition(whole) == position)
        for bit in 0..<whole.count * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(MirrorPosition(bytes) == nil, "bit \(bit)")
        }
        for size in whole.indices { #expect(MirrorPosition(Array(whole[..<size])) == nil, "cut at \(size)") }
        for text in [
            position.text + "\n", "\n" + position.text, position.text + position.text,
            position.text.replacingOccurrences(of: "sequence 41372", with: "sequence 91372"),
            position.text.replacingOccurrences(of: "sequence 41372", with: "sequence +41372"),
            position.text.replacingOccurrences(of: "\n", with: "\r\n"),
        ] {
            #expect(MirrorPosition(Array(text.utf8)) == nil, "\(text)")
        }
    }

    /// As it was before there was a checksum; such mirrors are made anew.
    @Test func theFormerNoteIsNone() {
        #expect(MirrorPosition(Array("5adb9a198782d910ca4cd51c9a6633fe 41372 6\n".utf8)) == nil)
    }

    @Test func whatCannotBeReadIsNone() throws {
        let folder = try TemporaryFolder()
        #expect(MirrorPosition.read(folder.path + "/missing") == nil)
        #expect(MirrorPosition.read(folder.path) == nil)
        try Data(count: 5000).write(to: URL(fileURLWithPath: folder.path + "/large"))
        #expect(MirrorPosition.read(folder.path + "/large") == nil)
        #expect(throws: (any Error).self) { try position.write(to: folder.path + "/missing/mirror") }
    }
}

/// A mirror whose note, or more, is damaged or gone: it is made anew, and lacks nothing.
@Suite(.enabled(if: TestServer.isThere, TestServer.isMissing), .serialized)
struct MirrorDamageTests {
    /// What is done to the mirror's folder while the shared index goes on.
    private enum Damage: CaseIterable {
        case raisedSequence, formerNote, noNote, emptyNote, noCopy, noteOfAnotherIndex
    }

    @Test(arguments: Damage.allCases) private func aMirrorIsMadeAnew(damage: Damage) throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        for number in 0..<6 { try library.write("video\(number).mp4", "video \(number * number)") }
        try library.run(on: database)
        let folder = try library.mirror(of: database)
        let note = folder + "/mirror"
        let position = try #require(MirrorPosition.read(note))

        // Changes that a mirror which believed the damage would not make.
        try FileManager.default.removeItem(atPath: library.videos + "/video1.mp4")
        try library.write("new.mp4", "new")
        try library.run(on: database, prune: true)
        let expected = try Library.rankings(try library.runEmbedded(prune: true))
        #expect(expected.count == 6)

        switch damage {
        case .raisedSequence:
            let text = position.text.replacingOccurrences(
                of: "sequence \(position.sequence)", with: "sequence 9\(position.sequence)")
            try text.write(toFile: note, atomically: false, encoding: .utf8)
        case .formerNote:
            let text = "\(position.uuid) 9\(position.sequence) \(position.lists)\n"
            try text.write(toFile: note, atomically: false, encoding: .utf8)
        case .noNote: unlink(note)
        case .emptyNote: truncate(note, 0)
        case .noCopy:
            // The note alone is left, and nothing of what it says is there.
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != "mirror" {
                unlink("\(folder)/\(name)")
            }
        case .noteOfAnotherIndex:
            var other = position
            other.uuid = String(position.uuid.reversed()) + "0"
            other.sequence += 1000
            try other.write(to: note)
        }
        #expect(try Library.rankings(try library.mirror(of: database)) == expected)
        // And it is in step from now on.
        let now = try #require(MirrorPosition.read(note))
        #expect(now.uuid == position.uuid && now.sequence > position.sequence)
        let copy = try VideoIndex.open(readingFrom: folder)
        #expect(try copy.roots() == [library.videos])
    }
}
