import CWorker
import Foundation
import Isolation
import Testing
import TestSupport

/// Which system calls are left to a process that limited itself as workers do: every number is tried, in a process of its own.
@Suite(.timeLimit(.minutes(2))) struct WorkerCallTests {
    private typealias System = WorkerLimitTests.System

    /// By number, from the list that the filter is made of; the numbers are those of the system's headers.
    private static var listed: [Int: String] {
        var count = 0
        let calls = UnsafeBufferPointer(start: mixtape_allowed_calls(&count), count: count)
        return Dictionary(uniqueKeysWithValues: calls.map { (Int($0.number), String(cString: $0.name)) })
    }

    /// The page's table: the calls named in each row's first cell, and whether they are x86-64's alone.
    private static func page() throws -> [(names: [String], isIntel: Bool)] {
        let file = Repository.path + "/docs/reliability.md"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "### System calls of a worker\n").last)
        let rows = try #require(section.components(separatedBy: "\n#").first).split(separator: "\n").filter {
            $0.hasPrefix("| `") || $0.hasPrefix("| x86-64: `")
        }
        return rows.map { row in
            let cell = row.split(separator: "|")[0]
            // What is quoted is every second piece.
            let pieces = cell.split(separator: "`", omittingEmptySubsequences: false)
            let names = stride(from: 1, to: pieces.count, by: 2).map { String(pieces[$0]) }
            return (names, row.hasPrefix("| x86-64"))
        }
    }

    @Test func thePageListsWhatIsAllowed() throws {
        var rows = try Self.page()
        #if !arch(x86_64)
            rows.removeAll(where: \.isIntel)
        #endif
        #expect(rows.flatMap(\.names).sorted() == Self.listed.values.sorted())
    }

    /// Arguments with which a call does nothing and says at once that they are wrong, but not by the number of a
    /// refusal. Those that are allowed under conditions fulfil them.
    private static func harmless(_ name: String?) -> [Int] {
        let own = Int(getpid())
        return switch name {
        case "openat": [-1, -1, 0]
        case "fcntl": [-1, Int(F_GETFL), 0]
        case "ioctl": [-1, 0x5401]  // TCGETS
        case "prctl": [16, -1]  // PR_GET_NAME
        case "arch_prctl": [0x1022, -1]  // ARCH_GET_XCOMP_PERM
        case "sched_getaffinity": [0, -1, -1]
        case "kill": [own, 0]
        case "tgkill": [own, own, 0]
        case "prlimit64": [0, 7, 0, -1]
        case "futex": [-1, 1]  // FUTEX_WAKE; operations that there are not are as missing as calls
        default: []
        }
    }

    /// Calls that would not come back, and what shows that they are allowed.
    private static let others: [String: @Sendable () -> Bool] = [
        "clone": {
            var thread = pthread_t()
            return pthread_create(&thread, nil, { _ in nil }, nil) == 0 && pthread_join(thread, nil) == 0
        },
        // That thread ended.
        "exit": { true },
        // This process ends without a signal.
        "exit_group": { true },
        // A handler comes back by it.
        "rt_sigreturn": {
            signal(SIGUSR1) { _ in }
            return raise(SIGUSR1) == 0
        },
    ]

    /// `uretprobe` and `uprobe`: the system takes them past every filter, and ends whoever makes them itself.
    #if arch(x86_64)
        private static let pastFilters = [335, 336]
    #else
        private static let pastFilters: [Int] = []
    #endif

    @Test func noOtherCallGetsThrough() async {
        await #expect(processExitsWith: .success) {
            let system = try System()
            #expect(EncodingWorker.limit(WorkerSettings(modelFolder: nil)) == [], "a limit is missing")
            let (listed, process) = (WorkerCallTests.listed, getpid())
            var through: [Int] = []
            // More than there are, and those of x86-64's second set that lie apart.
            for number in 0..<600 where !WorkerCallTests.pastFilters.contains(number) {
                let name = listed[number]
                if let name, let isAllowed = WorkerCallTests.others[name] {
                    if isAllowed() { through.append(number) }
                    continue
                }
                let given = WorkerCallTests.harmless(name)
                let all = given + [Int](repeating: -1, count: 6 - given.count)
                errno = 0
                let result = system.call(number, all[0], all[1], all[2], all[3], all[4], all[5])
                let error = errno
                // Were a process made, it would go on from here.
                if getpid() != process { _exit(0) }
                if result != -1 || (error != EPERM && error != ENOSYS) { through.append(number) }
            }
            let wrong = Set(through).symmetricDifference(listed.keys).sorted()
            let words = wrong.map { "\($0) \(listed[$0] ?? "is not listed")" }
            if !wrong.isEmpty { Issue.record("got through, or did not: \(words)") }
        }
    }

    /// What a filter may refuse without harm to later C libraries: they know only this number for "is not there".
    @Test func whatIsNewerIsMissing() async {
        await #expect(processExitsWith: .success) {
            let system = try System()
            #expect(EncodingWorker.limit(WorkerSettings(modelFolder: nil)) == [], "a limit is missing")
            for number in [435, 437, 470, 499, 0x4000_0000] {
                errno = 0
                if system(number, -1, -1) != -1 || errno != ENOSYS {
                    Issue.record("\(number): error \(errno)")
                }
            }
        }
    }

    // The thread sanitizer starts no threads after a fork.
    #if !SANITIZED
        /// Who has too many is ended, the superuser's process or anybody's: how many it got by then is told by memory that both
        /// see.
        @Test func threadsAreLimited() async {
            await #expect(processExitsWith: .success) {
                let system = try System()
                let shared = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
                let count = try #require(shared).assumingMemoryBound(to: Int.self)
                let child = system.fork()
                if child == 0 {
                    guard EncodingWorker.limit(WorkerSettings(modelFolder: nil)) == [] else { _exit(1) }
                    var (thread, attributes) = (pthread_t(), pthread_attr_t())
                    pthread_attr_init(&attributes)
                    pthread_attr_setstacksize(&attributes, 1 << 14)
                    let wait: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { _ in
                        poll(nil, 0, -1)
                        return nil
                    }
                    func start() -> Bool { pthread_create(&thread, &attributes, wait, nil) == 0 }
                    // As many as there may be, for longer than it takes to look at them.
                    while count.pointee < Int(MIXTAPE_MOST_THREADS) - 1, start() {
                        count.pointee += 1
                    }
                    poll(nil, 0, 200)
                    while count.pointee < 15_000, start() { count.pointee += 1 }
                    poll(nil, 0, 2_000)
                    _exit(2)
                }
                try #require(mixtape_watch_worker(child) == 0)
                var status: Int32 = 0
                waitpid(child, &status, 0)
                let isAsItShouldBe = status == SIGKILL && (512..<10_000).contains(count.pointee)
                if !isAsItShouldBe { Issue.record("\(count.pointee) threads, status \(status)") }
                FileHandle.standardError.write(Data("A limited process got \(count.pointee) threads.\n".utf8))
            }
        }
    #endif

    /// Signals to others, by Landlock alone, whatever the filter would say.
    @Test(.enabled(if: WorkerSight.isAvailable, "this system has no Landlock"))
    func landlockKeepsSignalsApart() async {
        await #expect(processExitsWith: .success) {
            let version = try System()(444, 0, 0, 1)
            try #require(WorkerSight.narrow(toModel: nil))
            errno = 0
            let result = kill(getppid(), 0)
            // Linux has it from 6.12 on.
            if version >= 6, result != -1 || errno != EPERM { Issue.record("\(result), error \(errno)") }
        }
    }
}
