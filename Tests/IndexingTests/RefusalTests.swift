import Foundation
import Indexing
import Testing
import TestSupport

@Suite struct RefusalTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func makeIndex(_ count: Int = 3) throws {
        let index = try VideoIndex.forTests(folder.path)
        for number in 0..<count { try index.store(Sample(number)) }
        index.close()
    }

    /// Changes the big-endian number at `offset` of the database's header.
    private func patchHeader(_ offset: Int, _ value: UInt32) throws {
        let url = URL(fileURLWithPath: folder.path + "/videos.sqlite")
        var data = try Data(contentsOf: url)
        withUnsafeBytes(of: value.bigEndian) { data.replaceSubrange(offset..<offset + 4, with: $0) }
        try data.write(to: url)
    }

    private func openings() -> [IndexError?] {
        [
            indexError { _ = try VideoIndex.open(readingFrom: folder.path) },
            indexError { _ = try VideoIndex.open(writingTo: folder.path, model: testModel) },
        ]
    }

    @Test func aMissingIndexIsNotFound() throws {
        for path in [folder.path, folder.path + "/nowhere", ""] {
            let error = try #require(indexError { _ = try VideoIndex.open(readingFrom: path) })
            #expect(
                error.reason == .notFound && error.path == path
                    && error.hint?.contains("mixtape index") == true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test func anotherModelIsRefusedByName() throws {
        try makeIndex()
        let other = IndexModel(name: "other", fingerprint: "cafe", dimension: 20)
        for error in [
            indexError { _ = try VideoIndex.open(readingFrom: folder.path, expecting: other) },
            indexError { _ = try VideoIndex.open(writingTo: folder.path, model: other) },
        ] {
            #expect(error?.reason == .otherModel)
            #expect(error?.message.contains("test") == true && error?.message.contains("other") == true)
        }
        #expect(try VideoIndex.open(readingFrom: folder.path, expecting: testModel).counts().ready == 3)
    }

    @Test func aNewerFormatIsRefusedByNameAndLeftAlone() throws {
        try makeIndex()
        try patchHeader(60, 7)
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/videos.sqlite"))
        for error in openings() {
            #expect(error?.reason == .newerFormat)
            #expect(error?.message.contains("format 7") == true)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/videos.sqlite")) == before)
    }

    @Test func anotherProgramsDatabaseIsRefused() throws {
        try makeIndex()
        try patchHeader(68, 0x1234)
        for error in openings() { #expect(error?.reason == .corrupted && error?.hint != nil) }
    }

    @Test func aFileThatIsNoDatabaseIsCorrupted() throws {
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try Data("not a database, but long enough to be looked at".utf8)
            .write(to: URL(fileURLWithPath: folder.path + "/videos.sqlite"))
        for error in openings() {
            #expect(error?.reason == .corrupted && error?.hint?.contains("mixtape index") == true)
        }
    }

    @Test func aFolderThatIsAFileIsRefused() throws {
        let path = folder.path + "/file"
        try Data("x".utf8).write(to: URL(fileURLWithPath: path))
        #expect(indexError { _ = try VideoIndex.open(writingTo: path, model: testModel) }?.reason == .failed)
        #expect(indexError { _ = try VideoIndex.open(readingFrom: path) }?.reason == .notFound)
    }

    @Test func readersCannotWrite() throws {
        try makeIndex()
        let index = try VideoIndex.open(readingFrom: folder.path)
        #expect(!index.isWritable)
        #expect(indexError { try index.store(Sample(9)) }?.reason == .readOnly)
        #expect(indexError { try index.remove(ids: [1]) }?.reason == .readOnly)
    }

    @Test func aClosedIndexSaysSo() throws {
        try makeIndex()
        let index = try VideoIndex.open(readingFrom: folder.path)
        index.close()
        #expect(indexError { _ = try index.counts() } != nil)
    }
}
