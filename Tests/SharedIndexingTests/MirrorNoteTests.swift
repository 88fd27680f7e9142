import Foundation
import Indexing
import SharedIndexing
import Testing
import TestSupport

/// The note of where a mirror is in step; no server is needed to read and write it.
@Suite struct MirrorNoteTests {
    private let note = MirrorNote(
        position: MirrorPosition(uuid: "5adb9a198782d910ca4cd51c9a6633fe", sequence: 41_372, lists: 6),
        copySequence: 39_020)

    @Test func whatIsWrittenIsRead() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mirror"
        let least = MirrorPosition(uuid: "", sequence: .max, lists: -1)
        for note in [note, MirrorNote(position: least, copySequence: 0)] {
            try note.write(to: path)
            #expect(MirrorNote.read(path) == note)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["mirror"])
    }

    /// Every bit of it, every length; a digit that rises is what would lose videos.
    @Test func aDamagedNoteIsNone() {
        let whole = Array(note.text.utf8)
        #expect(MirrorNote(whole) == note)
        for bit in 0..<whole.count * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(MirrorNote(bytes) == nil, "bit \(bit)")
        }
        for size in whole.indices { #expect(MirrorNote(Array(whole[..<size])) == nil, "cut at \(size)") }
        for text in [
            note.text + "\n", "\n" + note.text, note.text + note.text,
            note.text.replacingOccurrences(of: "sequence 41372", with: "sequence 91372"),
            note.text.replacingOccurrences(of: "sequence 41372", with: "sequence +41372"),
            note.text.replacingOccurrences(of: "copy 39020", with: "copy 9020"),
            note.text.replacingOccurrences(of: "\n", with: "\r\n"),
        ] {
            #expect(MirrorNote(Array(text.utf8)) == nil, "\(text)")
        }
    }

    /// As it was before there was a checksum, and before it spoke of the copy; such mirrors are made anew.
    @Test(arguments: [
        "5adb9a198782d910ca4cd51c9a6633fe 41372 6\n",
        "mixtape mirror 1\nuuid 5adb9a198782d910ca4cd51c9a6633fe\nsequence 41372\nlists 6\nchecksum e7a1665f36f288bb\n",
    ]) func theFormerNoteIsNone(text: String) {
        #expect(MirrorNote(Array(text.utf8)) == nil)
    }

    @Test func whatCannotBeReadIsNone() throws {
        let folder = try TemporaryFolder()
        #expect(MirrorNote.read(folder.path + "/missing") == nil)
        #expect(MirrorNote.read(folder.path) == nil)
        try Data(count: 5000).write(to: URL(fileURLWithPath: folder.path + "/large"))
        #expect(MirrorNote.read(folder.path + "/large") == nil)
        #expect(throws: (any Error).self) { try note.write(to: folder.path + "/missing/mirror") }
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
        let before = try #require(MirrorNote.read(note))
        let position = before.position

        // Changes that a mirror which believed the damage would not make.
        try FileManager.default.removeItem(atPath: library.videos + "/video1.mp4")
        try library.write("new.mp4", "new")
        try library.run(on: database, prune: true)
        let expected = try Library.rankings(try library.runEmbedded(prune: true))
        #expect(expected.count == 6)

        switch damage {
        case .raisedSequence:
            let text = before.text.replacingOccurrences(
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
            var other = before
            other.position.uuid = String(position.uuid.reversed()) + "0"
            other.position.sequence += 1000
            try other.write(to: note)
        }
        #expect(try Library.rankings(try library.mirror(of: database)) == expected)
        // And it is in step from now on.
        let now = try #require(MirrorNote.read(note)).position
        #expect(now.uuid == position.uuid && now.sequence > position.sequence)
        let copy = try VideoIndex.open(readingFrom: folder)
        #expect(try copy.roots() == [library.videos])
    }

    /// As a kill and a damaged log leave it: the copy is of an earlier state than the note.
    @Test(arguments: [false, true]) func lostChangesAreMadeAgain(moreFollow: Bool) throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        for number in 0..<4 { try library.write("video\(number).mp4", "video \(number * number)") }
        try library.run(on: database)
        let copy = try library.mirror(of: database) + "/videos.sqlite"
        let former = try Data(contentsOf: URL(fileURLWithPath: copy))
        try library.write("lost.mp4", "lost")
        try library.run(on: database)
        _ = try library.mirror(of: database)
        for ending in ["-wal", "-shm"] { unlink(copy + ending) }
        try former.write(to: URL(fileURLWithPath: copy))
        if moreFollow {
            try library.write("more.mp4", "more")
            try library.run(on: database)
        }
        let expected = try Library.rankings(try library.runEmbedded())
        #expect(expected.count == (moreFollow ? 6 : 5))
        #expect(try Library.rankings(try library.mirror(of: database)) == expected)
        #expect(try Library.rankings(try library.mirror(of: database)) == expected)
    }
}
