import Foundation
import Indexing
import SharedIndexing
import Synchronization
import Testing
import TestSupport

@Suite(.enabled(if: TestServer.isThere, TestServer.isMissing), .serialized)
struct RefusalTests {
    private func error(_ body: () throws -> Void) -> IndexError? {
        do {
            try body()
            return nil
        } catch { return error as? IndexError }
    }

    @Test func aDatabaseWithoutAnIndexIsSaidToBe() throws {
        let database = try TestServer.makeDatabase()
        let found = error { _ = try SharedIndex.open(readingFrom: try database.client()) }
        #expect(found?.reason == .notFound && found?.hint?.contains("mixtape index") == true)
    }

    @Test func anotherModelIsRefused() throws {
        let database = try TestServer.makeDatabase()
        _ = try SharedIndex.open(writingTo: try database.client(), model: TextSource.model)
        var other = TextSource.model
        other.fingerprint = "other"
        #expect(
            error { _ = try SharedIndex.open(writingTo: try database.client(), model: other) }?.reason
                == .otherModel)
    }

    @Test func aNewerFormatIsRefused() throws {
        let database = try TestServer.makeDatabase()
        _ = try SharedIndex.open(writingTo: try database.client(), model: TextSource.model)
        _ = try database.sql("UPDATE mixtape.library SET format = 99")
        let found = error { _ = try SharedIndex.open(readingFrom: try database.client()) }
        #expect(found?.reason == .newerFormat && found?.message.contains("99") == true)
    }

    @Test func anOldOrMissingExtensionIsNamed() throws {
        let old = try TestServer.makeDatabase()
        _ = try old.sql(
            "CREATE EXTENSION vector; UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'")
        let outdated = error {
            _ = try SharedIndex.open(writingTo: try old.client(), model: TextSource.model)
        }
        #expect(outdated?.reason == .unavailable && outdated?.message.contains("0.7.4") == true)
        #expect(try old.sql("SELECT to_regclass('mixtape.library') IS NULL") == "t")

        let bare = try TestServer.makeDatabase()
        _ = try bare.sql("CREATE ROLE guest_\(bare.name) LOGIN")
        let guest = bare.address.replacingOccurrences(of: "mixtape@", with: "guest_\(bare.name)@")
        let missing = error {
            _ = try SharedIndex.open(
                writingTo: PostgresClient(try PostgresAddress(guest)), model: TextSource.model)
        }
        #expect(missing?.reason == .unavailable && missing?.hint?.contains("CREATE EXTENSION") == true)
    }

    /// A lost connection is tried to be made anew for minutes: whoever has enough of that is heard.
    @Test(.timeLimit(.minutes(2))) func whoeverWaitsForTheServerCanBeStopped() throws {
        let server = try TestServer()
        let (database, cache) = (try server.makeDatabase(), try TemporaryFolder())
        let index = ServerIndex(
            try PostgresAddress(database.address), mounts: MountMap(), cacheFolder: cache.path)
        let isCancelled = Mutex(false)
        let store = try index.writer(
            model: TextSource.model, waitingSeconds: 0, isCancelled: { isCancelled.withLock { $0 } })
        let identity = FileIdentity(path: "/v/a.mp4", fingerprint: "ab", size: 1, modified: 2)
        try store.storeFailure(identity, reason: "damaged", message: "cut short")
        try server.stop()
        Thread.detachNewThread {
            usleep(1_500_000)
            isCancelled.withLock { $0 = true }
        }
        let start = ContinuousClock.now
        let found = error { try store.storeFailure(identity, reason: "damaged", message: "cut short") }
        let waited = ContinuousClock.now - start
        #expect(found?.reason == .unavailable)
        #expect(waited > .seconds(1) && waited < .seconds(60), "\(waited)")
    }

    @Test func damageIsNoticed() throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        try library.write("one.mp4", "one")
        try library.run(on: database)
        _ = try database.sql("UPDATE mixtape.content SET gaussians = set_byte(gaussians, 3, 77)")
        #expect(error { _ = try library.mirror(of: database) }?.reason == .corrupted)
    }

    /// What no video has is not taken of a server either: it would be calculated with.
    @Test(arguments: [
        "width = 4294967296", "height = 0", "duration = -1", "duration = 'NaN'", "duration = 1e300",
        "frame_rate = 'Infinity'", "decoded_share = 2", "clip_count = 9223372036854775807", "clip_count = -1",
    ])
    func whatCannotBeTrueIsRefused(change: String) throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        try library.write("one.mp4", "one")
        try library.run(on: database)
        _ = try database.sql("UPDATE mixtape.content SET \(change)")
        #expect(error { _ = try library.mirror(of: database) }?.reason == .corrupted)
    }

    @Test func aServerThatIsNotThereIsSaidToBe() throws {
        let address = "postgres://someone:s3cret-word@/films?host=%2Fnowhere"
        let client = PostgresClient(try PostgresAddress(address))
        let found = try #require(error { _ = try SharedIndex.open(readingFrom: client) })
        #expect(found.reason == .unavailable)
        #expect(!"\(found)".contains("s3cret-word"))
    }

    @Test func severalProgramsMayMakeTheIndexAtOnce() throws {
        let database = try TestServer.makeDatabase()
        DispatchQueue.concurrentPerform(iterations: 6) { _ in
            _ = try? SharedIndex.open(writingTo: try database.client(), model: TextSource.model)
        }
        #expect(try database.sql("SELECT count(*) FROM mixtape.library") == "1")
        #expect(
            try SharedIndex.open(readingFrom: try database.client()).formatVersion
                == SharedIndex.currentFormatVersion)
    }
}

@Suite(.enabled(if: PostgresAddress.isSupported, "libpq is not installed"))
struct AddressTests {
    @Test func passwordsAreNeverShown() throws {
        let words = ["s3cret-word", "p@ss:w/rd"]
        for (word, text) in [
            (words[0], "postgres://films:s3cret-word@db.example.org:5433/films?sslmode=require"),
            (words[1], "postgres://films:p%40ss%3Aw%2Frd@db.example.org/films"),
            (words[0], "postgres://films@db.example.org/films?password=s3cret-word"),
        ] {
            let address = try PostgresAddress(text)
            #expect(!address.name.contains(word) && address.name.hasPrefix("postgres://films@db.example.org"))
        }
        for text in [
            "postgres://u:s3cret-word%zz@h/d", "postgres://u:s3cret-word@h:port@/x?a",
            "postgres://[s3cret-word",
        ] {
            do {
                _ = try PostgresAddress(text)
                Issue.record("\(text) is no address")
            } catch {
                #expect(!"\(error)".contains("s3cret-word"))
            }
        }
    }

    /// Whoever copies a hint gets the address without what may be secret, by a list of what is not.
    @Test func whatMayBeASecretIsLeftOut() throws {
        for (text, shown) in [
            ("postgres://films@h/d?sslmode=require", "postgres://films@h/d?sslmode=require"),
            ("postgres://films:s3cret-word@h:5433/d", "postgres://films@h:5433/d"),
            (
                "postgres://films@h/d?sslmode=require&sslpassword=s3cret-word&sslkey=/etc/a%20key",
                "postgres://films@h/d?sslkey=%2Fetc%2Fa%20key&sslmode=require"
            ),
            ("postgres://films@h/d?options=-c%20app.key%3Ds3cret-word", "postgres://films@h/d"),
            (
                "postgres://films:s3cret-word@a:1,b:2/d",
                "postgres:///?user=films&dbname=d&host=a%2Cb&port=1%2C2"
            ),
        ] {
            let address = try PostgresAddress(text)
            let words = address.shown.split(separator: "?", maxSplits: 1)
            let expected = shown.split(separator: "?", maxSplits: 1)
            #expect(words.first == expected.first, "\(address.shown)")
            // libpq's order.
            let options = (words.dropFirst().first ?? "").split(separator: "&").sorted()
            #expect(
                options == (expected.dropFirst().first ?? "").split(separator: "&").sorted(), "\(options)")
            #expect(!address.shown.contains("s3cret-word"))
            #expect(try PostgresAddress(address.shown).name == address.name)
        }
    }

    @Test func mountsMapBothWays() throws {
        let folder = try TemporaryFolder()
        let inner = folder.path + "/inner"
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
        var mounts = MountMap()
        #expect(mounts.add("outer=\(folder.path)") == nil && mounts.add("inner=\(inner)/") == nil)
        for (path, stored) in [
            (folder.path + "/a.mp4", "outer:/a.mp4"), (inner + "/b.mp4", "inner:/b.mp4"),
            (inner + "x/c.mp4", "outer:/innerx/c.mp4"), ("/elsewhere/d.mp4", "/elsewhere/d.mp4"),
            (inner, "inner:/"),
        ] {
            #expect(mounts.stored(path) == stored && mounts.local(stored) == path)
        }
        #expect(mounts.local("unknown:/x.mp4") == "unknown:/x.mp4")
        for wrong in ["films", "=\(inner)", "a b=\(inner)", "inner=\(inner)", "new=\(inner)/missing"] {
            #expect(mounts.add(wrong) != nil)
        }
    }
}
