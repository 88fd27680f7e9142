import Ingestion
import Testing

/// When a run is due, on a clock that the test turns.
@Suite struct SettlingTests {
    /// A folder as the test says it is.
    final class World {
        var settling = Settling(quiet: 1, patience: 10)
        var files: [String: FileState] = [:]
        /// Since 1970, in seconds.
        var now = 1000.0

        func write(_ path: String, size: Int64) {
            files[path] = FileState(path: path, size: size, modified: Int64(now * 1e9))
            note(.written(path))
        }

        func note(_ change: FolderWatch.Change) {
            settling.note(change, now: now) { files[$0] }
        }

        /// Lets time pass, looking ten times a second; when a run came due first, in seconds from now.
        func firstDue(within seconds: Double) -> Double? {
            let start = now
            while now < start + seconds {
                now += 0.1
                if settling.isDue(now: now, status: { files[$0] }) { return now - start }
            }
            return nil
        }

        func skips(_ path: String) -> Bool {
            guard let file = files[path] else { return false }
            return settling.skips(file, now: now, age: now - Double(file.modified) * 1e-9)
        }
    }

    @Test func aFileIsTakenOnceItIsClosedAndStill() throws {
        let world = World()
        #expect(world.settling.isIdle && world.firstDue(within: 20) == nil)
        for size in 1...30 {
            world.write("/a.mp4", size: Int64(size))
            #expect(world.firstDue(within: 0.5) == nil)
            #expect(world.skips("/a.mp4"))
        }
        world.note(.closed("/a.mp4"))
        let due = try #require(world.firstDue(within: 20))
        #expect((0.9...1.2).contains(due))
        world.settling.begin()
        #expect(!world.skips("/a.mp4") && world.settling.isIdle)
    }

    @Test func aFileThatNobodyClosesIsTakenAfterLong() throws {
        let world = World()
        world.write("/a.mp4", size: 7)
        let due = try #require(world.firstDue(within: 30))
        #expect((9.9...10.3).contains(due))
        // One that grows without notices, as in a mapped file, is not still.
        world.settling.begin()
        world.write("/b.mp4", size: 1)
        for size in 2...8 {
            #expect(world.firstDue(within: 5) == nil)
            world.files["/b.mp4"]?.size = Int64(size)
        }
        #expect(try (9.9...10.3).contains(#require(world.firstDue(within: 30))))
    }

    @Test func aBurstMakesOneRunAndAnEndlessOneDoesNotHoldUpTheRest() throws {
        let world = World()
        for number in 0..<50 {
            world.write("/\(number).mp4", size: 1)
            world.note(.closed("/\(number).mp4"))
            #expect(world.firstDue(within: 0.1) == nil)
        }
        let due = try #require(world.firstDue(within: 20))
        #expect((0.8...1.2).contains(due))
        world.settling.begin()
        #expect((0..<50).allSatisfy { !world.skips("/\($0).mp4") })

        world.note(.gone("/0.mp4"))
        let start = world.now
        var wasDue = false
        while world.now < start + 15, !wasDue {
            world.write("/endless.mp4", size: Int64(world.now))
            wasDue = world.firstDue(within: 0.3) != nil
        }
        #expect(wasDue && (9.5...11).contains(world.now - start))
        #expect(world.skips("/endless.mp4"))
    }

    /// A rename is one file that goes and one that comes; a run between the two would forget what it knew.
    @Test func aRenameIsSeenWhole() throws {
        let world = World()
        world.note(.gone("/old.mp4"))
        world.now += 0.05
        world.files["/new.mp4"] = FileState(path: "/new.mp4", size: 5, modified: 1)
        world.note(.closed("/new.mp4"))
        #expect(world.firstDue(within: 20) != nil)
        world.settling.begin()
        #expect(!world.skips("/new.mp4"))
    }

    @Test func aFileThatIsGoneAgainIsNoMoreWaitedFor() throws {
        let world = World()
        world.write("/a.mp4", size: 1)
        world.files["/a.mp4"] = nil
        world.note(.gone("/a.mp4"))
        #expect(world.firstDue(within: 5) != nil)
        world.settling.begin()
        #expect(world.settling.isIdle)
    }

    /// What was being written before the watch began sends no notice.
    @Test func aFileOfThisVeryMomentWaits() throws {
        let world = World()
        world.files["/young.mp4"] = FileState(path: "/young.mp4", size: 1, modified: Int64(world.now * 1e9))
        world.files["/old.mp4"] = FileState(
            path: "/old.mp4", size: 1, modified: Int64((world.now - 60) * 1e9))
        #expect(world.skips("/young.mp4") && !world.skips("/old.mp4"))
        #expect(world.settling.unsettled == ["/young.mp4"])
        #expect(world.firstDue(within: 20) != nil)
        world.settling.begin()
        #expect(!world.skips("/young.mp4"))
    }
}
