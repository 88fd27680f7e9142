import Foundation
import Glibc
import Indexing
import Testing
import TestSupport

@Suite struct DamageTests {
    let folder: TemporaryFolder
    let count = 24

    init() throws {
        folder = try TemporaryFolder(quick: true)
        let index = try VideoIndex.forTests(folder.path)
        for number in 0..<count { try index.store(Sample(number)) }
        try index.storeFailure(Sample(100).identity, reason: "damaged", message: "cut short")
        try index.addRoots(["/videos"])
        _ = try index.moments()
        index.close()
    }

    /// Reads everything; returns whether it was all as stored, throws what the index throws.
    private func readEverything(_ folder: String) throws -> Bool {
        let index = try VideoIndex.open(readingFrom: folder, expecting: testModel)
        defer { index.close() }
        let table = try index.moments().contents
        guard try index.counts().ready == count, table.count == count, try index.failures().count == 1 else {
            return false
        }
        for number in 0..<count {
            let (sample, id) = (Sample(number), Int64(number + 1))
            guard let video = try index.video(atPath: sample.identity.path), video.id == id,
                video.identity == sample.identity, video.facts == sample.facts,
                try index.videos(withFingerprint: sample.identity.fingerprint).map(\.id) == [id],
                try index.mixture(ofVideo: id).mixture == sample.mixture,
                try index.mixture(ofVideo: id).intervals == sample.intervals,
                table[id]?.mean == sample.mixture.moments().mean,
                table[id]?.variance == sample.mixture.moments().variance
            else { return false }
        }
        return try index.allVideos().count == count
    }

    private enum Outcome { case right, refused, wrong(String) }

    private func outcome(_ folder: String) -> Outcome {
        do {
            return try readEverything(folder) ? .right : .wrong("other data than was stored")
        } catch let error as IndexError {
            return [.corrupted, .newerFormat, .otherModel, .notFound].contains(error.reason)
                ? .refused : .wrong("\(error)")
        } catch {
            return .wrong("\(error)")
        }
    }

    /// Damages the database many times; every time the data is right or the error typed.
    private func damage(_ rounds: Int, seed: UInt64, _ change: (inout Data, inout Numbers) -> Void) throws
        -> Int
    {
        let original = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/videos.sqlite"))
        let copy = try folder.snapshot()
        var numbers = Numbers(seed: seed)
        var refused = 0
        for round in 0..<rounds {
            var data = original
            change(&data, &numbers)
            for name in try FileManager.default.contentsOfDirectory(atPath: copy.path)
            where name != "moments.bin" {
                try FileManager.default.removeItem(atPath: copy.path + "/" + name)
            }
            // Every other time the moments must be made from what is damaged.
            if round % 2 == 0 { unlink(copy.path + "/moments.bin") }
            try data.write(to: URL(fileURLWithPath: copy.path + "/videos.sqlite"))
            switch outcome(copy.path) {
            case .right: break
            case .refused: refused += 1
            case .wrong(let what): Issue.record("round \(round): \(what)")
            }
            // A writer must not trap on it either.
            _ = indexError {
                let index = try VideoIndex.forTests(copy.path)
                try index.store(Sample(3))
                try index.remove(ids: [5])
                index.close()
            }
        }
        return refused
    }

    @Test func theUndamagedIndexIsRight() throws {
        #expect(try readEverything(folder.path))
    }

    @Test func flippedBitsAreNoticedOrHarmless() throws {
        let refused = try damage(300, seed: 1) { data, numbers in
            let place = Int(numbers.next() % UInt64(data.count))
            data[place] ^= 1 << UInt8(numbers.next() % 8)
        }
        #expect(refused > 30)
    }

    @Test func overwrittenStretchesAreNoticedOrHarmless() throws {
        let refused = try damage(60, seed: 2) { data, numbers in
            let length = Int(numbers.next() % 3000) + 1
            let place = Int(numbers.next() % UInt64(data.count - length))
            for i in place..<place + length { data[i] = UInt8(truncatingIfNeeded: numbers.next()) }
        }
        #expect(refused > 30)
    }

    @Test func cutFilesAreNoticed() throws {
        let refused = try damage(60, seed: 3) { data, numbers in
            data.removeLast(Int(numbers.next() % UInt64(data.count)) + 1)
        }
        #expect(refused == 60)
    }

    /// A new index in its place would lose what other folders were indexed, and all decisions, without a word.
    @Test func anEmptiedDatabaseIsNotTakenForANewIndex() throws {
        for name in ["videos.sqlite-wal", "videos.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        }
        try Data().write(to: URL(fileURLWithPath: folder.path + "/videos.sqlite"))
        let error = #expect(throws: IndexError.self) { _ = try VideoIndex.forTests(folder.path) }
        #expect(error?.reason == .corrupted)
        // What is left of a making that was interrupted.
        try FileManager.default.removeItem(atPath: folder.path + "/moments.bin")
        try VideoIndex.forTests(folder.path).close()
    }

    @Test func aDamagedMomentsFileIsRebuilt() throws {
        let path = folder.path + "/moments.bin"
        let original = try Data(contentsOf: URL(fileURLWithPath: path))
        var numbers = Numbers(seed: 4)
        for round in 0..<200 {
            var data = original
            switch round % 4 {
            case 0: data.removeLast(Int(numbers.next() % UInt64(data.count)) + 1)
            case 1: data.append(Data(count: 64))
            case 2: data[Int(numbers.next() % 192)] ^= 1 << UInt8(numbers.next() % 8)
            default: data[Int(numbers.next() % UInt64(data.count))] ^= 1 << UInt8(numbers.next() % 8)
            }
            try data.write(to: URL(fileURLWithPath: path))
            #expect(try readEverything(folder.path))
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == original)
        }
    }

    @Test func theMomentsOfAnotherIndexAreNotTaken() throws {
        let other = try TemporaryFolder()
        let index = try VideoIndex.forTests(other.path)
        for number in 0..<count { try index.store(Sample(number + 50)) }
        _ = try index.moments()
        index.close()
        try FileManager.default.removeItem(atPath: folder.path + "/moments.bin")
        try FileManager.default.copyItem(
            atPath: other.path + "/moments.bin", toPath: folder.path + "/moments.bin")
        #expect(try readEverything(folder.path))
    }

    @Test func withoutPermissionTheMomentsAreKeptInMemory() throws {
        // A folder in the file's place stops even a superuser from writing it.
        let path = folder.path + "/moments.bin"
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path + "/x", withIntermediateDirectories: true)
        #expect(try readEverything(folder.path))
    }
}
