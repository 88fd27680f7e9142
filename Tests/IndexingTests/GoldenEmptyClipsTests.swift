import Foundation
import Indexing
import Testing
import TestSupport

/// `empty.bin` as it was first written, of the index that `GoldenFormat1` writes: what its model made of two clips.
@Suite struct GoldenEmptyClipsTests {
    private static let fixture = URL(fileURLWithPath: Repository.fixtures("golden/formats/empty-1.bin"))
    private static let model = IndexModel(name: "golden", fingerprint: "feed", dimension: 4)
    private static let clips = Sample(9, dimension: 4, clips: 2).mixture.components

    /// An index's folder with this file in it.
    private func folder(_ bytes: Data?) throws -> TemporaryFolder {
        let folder = try TemporaryFolder(quick: true)
        try GoldenFormat1.write(to: folder.path)
        try bytes?.write(to: URL(fileURLWithPath: folder.path + "/empty.bin"))
        return folder
    }

    @Test func whatWasWrittenIsRead() throws {
        let folder = try folder(try Data(contentsOf: Self.fixture))
        let index = try VideoIndex.open(readingFrom: folder.path, expecting: Self.model)
        defer { index.close() }
        #expect(index.emptyClips() == Self.clips)
    }

    /// Another way to write it would be another version, which needs another first word.
    @Test func itIsWrittenAsItWas() throws {
        let folder = try folder(nil)
        let index = try VideoIndex.open(readingFrom: folder.path, expecting: Self.model)
        defer { index.close() }
        #expect(index.emptyClips() == nil)
        index.store(emptyClips: Self.clips)
        let written = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/empty.bin"))
        #expect(try written == Data(contentsOf: Self.fixture))
    }

    @Test func anotherModelsIsPassedOver() throws {
        let folder = try TemporaryFolder(quick: true)
        let other = IndexModel(name: "golden", fingerprint: "beef", dimension: 4)
        let index = try VideoIndex.open(writingTo: folder.path, model: other, durability: .process)
        defer { index.close() }
        try Data(contentsOf: Self.fixture).write(to: URL(fileURLWithPath: folder.path + "/empty.bin"))
        #expect(index.emptyClips() == nil)
    }
}
