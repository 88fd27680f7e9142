import Foundation
import Isolation
import Testing
import TestSupport

/// What a process that limited itself as workers do can still do: each thing is tried out, in a process of its own.
@Suite struct WorkerLimitTests {
    /// Names the folder: who is limited could not remove it.
    private static let variable = "MIXTAPE_TEST_PRISON"
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        setenv(Self.variable, folder.path, 1)
    }

    /// Calls by number, and those that Swift hides: `fork`, and all that take whatever they are given.
    struct System {
        typealias Call = @convention(c) (Int, Int, Int, Int, Int, Int, Int) -> Int
        typealias Plain = @convention(c) () -> Int32
        let call: Call
        let fork: Plain
        /// Numbers that are not the same everywhere.
        #if arch(arm64)
            static let (ptrace, clone, tgkill, signalQueue) = (117, 220, 131, 240)
            static let (setLimit, prlimit) = (164, 261)
            static let (ioctl, setAffinity, setScheduler) = (29, 122, 119)
        #else
            static let (ptrace, clone, tgkill, signalQueue) = (101, 56, 234, 297)
            static let (setLimit, prlimit) = (160, 302)
            static let (ioctl, setAffinity, setScheduler) = (16, 203, 144)
        #endif

        init() throws {
            call = unsafeBitCast(try #require(dlsym(nil, "syscall")), to: Call.self)
            fork = unsafeBitCast(try #require(dlsym(nil, "fork")), to: Plain.self)
        }

        func callAsFunction(_ number: Int, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0) -> Int {
            call(number, a, b, c, d, 0, 0)
        }
    }

    /// Who tries: what it has open was opened before it was limited.
    private final class Prisoner {
        let folder: String
        let system: System
        let secret: String
        let model: String
        let socket: Int32
        let writable: Int32
        var escapes: [String] = []

        init() throws {
            folder = try #require(ProcessInfo.processInfo.environment[WorkerLimitTests.variable])
            system = try System()
            (secret, model) = (folder + "/secret", folder + "/model")
            try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: false)
            for file in [secret, model + "/weights"] {
                try Data("12345678".utf8).write(to: URL(fileURLWithPath: file))
            }
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            writable = open(secret, O_RDWR)
            try #require(socket >= 0 && writable >= 0)
        }

        /// Nothing but the number says that it was the limit which refused: most of these fail by themselves, otherwise.
        func refused(_ what: String, with expected: Int32 = EPERM, _ body: () -> Int) {
            errno = 0
            let result = body()
            let number = errno
            if result != -1 || number != expected { escapes.append("\(what): \(result), error \(number)") }
        }

        func allowed(_ what: String, _ body: () -> Int) {
            errno = 0
            let result = body()
            if result < 0 { escapes.append("\(what) failed: \(result), error \(errno)") }
        }

        /// As an issue by its words: of an expectation in another process no more is said than that it failed.
        func report() {
            if !escapes.isEmpty { Issue.record("not as it should be: \(escapes)") }
        }

        func limit(_ change: (inout WorkerSettings) -> Void = { _ in }) {
            var settings = WorkerSettings(modelFolder: model)
            change(&settings)
            #expect(EncodingWorker.limit(settings) == [], "a limit is missing")
        }

        /// Asks for so many bytes of addresses; −1 where there are none.
        static func memory(_ bytes: Int) -> Int {
            mmap(nil, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0
        }

        func tryTheNetwork() {
            refused("socket") { Int(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)) }
            refused("connect") {
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = UInt16(9).bigEndian
                address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                return withUnsafeBytes(of: &address) { bytes in
                    let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
                    return Int(connect(socket, pointer, socklen_t(bytes.count)))
                }
            }
            refused("listen") { Int(listen(socket, 1)) }
            refused("send") { send(socket, "x", 1, Int32(MSG_NOSIGNAL)) }
        }

        func tryProcesses() {
            let bytes = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)
            bytes.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
            defer { bytes.deallocate() }
            let room = Int(bitPattern: bytes)
            // Were it run, this process would be one that fails.
            refused("execve") { Int(execve("/bin/false", [nil], [nil])) }
            refused("posix_spawn") {
                var child: pid_t = 0
                let number = posix_spawn(&child, "/bin/true", nil, nil, [nil], [nil])
                errno = number
                return number == 0 ? 0 : -1
            }
            refused("fork") {
                let child = system.fork()
                if child == 0 { _exit(0) }
                return Int(child)
            }
            // CLONE_THREAD, CLONE_SIGHAND and CLONE_VM with a network of its own; the system itself says "invalid".
            refused("clone into a namespace") { system(System.clone, 0x0001_0900 | 0x4000_0000) }
            refused("clone3", with: ENOSYS) { system(435) }
            refused("kill of the parent") { Int(kill(getppid(), 0)) }
            refused("kill of its group") { Int(kill(0, 0)) }
            refused("kill of all") { Int(kill(-1, 0)) }
            let parent = Int(getppid())
            refused("tgkill") { system(System.tgkill, parent, parent, 0) }
            refused("sigqueue") { Int(sigqueue(getppid(), 0, sigval())) }
            refused("sigqueue to a thread") { system(System.signalQueue, parent, parent, 0) }
            refused("pidfd_open") { system(434, parent, 0) }
            refused("pidfd_send_signal") { system(424, 0, 0) }
            refused("pidfd_getfd") { system(438, 0, 0) }
            // Nobody's number: the system itself says "no such process", where Landlock would not let it look.
            refused("ptrace") { system(System.ptrace, 0x4206, Int(Int32.max)) }
            refused("prlimit of the parent") {
                var limit = rlimit()
                return withUnsafeMutablePointer(to: &limit) {
                    system(System.prlimit, parent, 7, 0, Int(bitPattern: $0))
                }
            }
            refused("setpgid") { Int(setpgid(0, 0)) }
            // The signals that the system sends in its name.
            refused("fcntl F_SETOWN") { Int(fcntl(socket, F_SETOWN, getppid())) }
            refused("fcntl F_SETSIG") { Int(fcntl(socket, 10, 9)) }
            refused("fcntl O_ASYNC") { Int(fcntl(socket, F_SETFL, 0o20000)) }
            refused("ioctl FIOSETOWN") { system(System.ioctl, Int(socket), 0x8901, room) }
            refused("ioctl FS_IOC_SETFLAGS") {
                system(System.ioctl, Int(writable), 0x4008_6602, room)
            }
            allowed("fcntl F_GETFL") { Int(fcntl(socket, F_GETFL)) }
            allowed("fcntl F_DUPFD_CLOEXEC") { Int(fcntl(socket, F_DUPFD_CLOEXEC, 3)) }
            refused("sched_setaffinity") {
                system(System.setAffinity, parent, 8, room)
            }
            refused("sched_setscheduler") {
                system(System.setScheduler, parent, 0, room)
            }
            refused("setuid") { Int(setuid(getuid())) }
            refused("inotify_init1") { Int(inotify_init1(0)) }
        }

        func tryFiles() {
            refused("unlink") { Int(unlink(secret)) }
            refused("rename") { Int(rename(secret, folder + "/other")) }
            refused("link") { Int(link(secret, folder + "/other")) }
            refused("symlink") { Int(symlink(secret, folder + "/other")) }
            refused("mkdir") { Int(mkdir(folder + "/new", 0o700)) }
            refused("rmdir") { Int(rmdir(model)) }
            refused("chmod") { Int(chmod(secret, 0o777)) }
            refused("fchmod") { Int(fchmod(writable, 0o777)) }
            refused("futimens") { Int(futimens(writable, nil)) }
            refused("truncate") { Int(truncate(secret, 0)) }
            refused("ftruncate") { Int(ftruncate(writable, 0)) }
            // The model's folder is one that Landlock leaves in sight; it is the call that is refused.
            let weights = model + "/weights"
            refused("making a file") { Int(open(model + "/new", O_RDONLY | O_CREAT, 0o600)) }
            refused("creat") { Int(creat(model + "/new", 0o600)) }
            refused("opening for writing") { Int(open(weights, O_WRONLY)) }
            refused("opening for both") { Int(open(weights, O_RDWR)) }
            refused("emptying by opening") { Int(open(weights, O_RDONLY | O_TRUNC)) }
            #if arch(x86_64)
                weights.withCString { name in
                    refused("the older call") { system(2, Int(bitPattern: name), Int(O_WRONLY)) }
                }
            #endif
            refused("/dev/null for writing") { Int(open("/dev/null", O_WRONLY)) }
            refused("openat2", with: ENOSYS) { system(437) }
            refused("mount") { Int(mount("none", folder + "/none", "tmpfs", 0, nil)) }
            for number in 428...433 { refused("mount call \(number)") { system(number, -1) } }
            refused("mount_setattr") { system(442, -1) }
            if WorkerSight.isAvailable {
                refused("reading another file", with: EACCES) { Int(open(secret, O_RDONLY)) }
                refused("reading a folder", with: EACCES) { Int(open(folder, O_RDONLY | O_DIRECTORY)) }
                refused("reading /etc/passwd", with: EACCES) { Int(open("/etc/passwd", O_RDONLY)) }
            }
            allowed("reading the model") { Int(open(weights, O_RDONLY)) }
        }
    }

    @Test func theNetworkIsRefused() async {
        await #expect(processExitsWith: .success) {
            let prisoner = try Prisoner()
            prisoner.limit()
            prisoner.tryTheNetwork()
            prisoner.report()
        }
    }

    @Test func otherProcessesAreRefused() async {
        await #expect(processExitsWith: .success) {
            let prisoner = try Prisoner()
            prisoner.limit()
            prisoner.tryProcesses()
            prisoner.report()
        }
    }

    @Test func filesAreReadAlone() async {
        await #expect(processExitsWith: .success) {
            let prisoner = try Prisoner()
            prisoner.limit()
            prisoner.tryFiles()
            prisoner.report()
        }
    }

    @Test func resourcesAreLimitedForGood() async {
        await #expect(processExitsWith: .success) {
            let prisoner = try Prisoner()
            prisoner.limit {
                $0.memory = 3 << 30
                $0.processorSeconds = 77
            }
            var expected: [(String, __rlimit_resource, rlim_t, rlim_t)] = [
                ("file size", RLIMIT_FSIZE, 0, 0), ("core", RLIMIT_CORE, 0, 0),
                ("open files", RLIMIT_NOFILE, 64, 64), ("processor time", RLIMIT_CPU, 77, 78),
            ]
            #if !SANITIZED
                expected.append(("memory", RLIMIT_AS, 3 << 30, 3 << 30))
            #endif
            for (name, resource, soft, hard) in expected {
                var limit = rlimit()
                let kind = __rlimit_resource_t(resource.rawValue)
                #expect(getrlimit(kind, &limit) == 0, "\(name)")
                #expect([limit.rlim_cur, limit.rlim_max] == [soft, hard], "\(name)")
                // To what it is, which anybody else may do.
                prisoner.refused("setting \(name)") { Int(setrlimit(kind, &limit)) }
                prisoner.refused("setting \(name) by the older call") {
                    withUnsafeMutablePointer(to: &limit) {
                        prisoner.system(System.setLimit, Int(kind), Int(bitPattern: $0))
                    }
                }
            }
            // Either word of the place where the new limit is.
            for place in [1, 1 << 32] {
                prisoner.refused("prlimit \(place)") { prisoner.system(System.prlimit, 0, 7, place) }
            }
            #if !SANITIZED
                #expect(Prisoner.memory(3 << 30) == -1)
            #endif
            prisoner.report()
        }
    }

    /// What a decoder needs: threads (by `clone`, since `clone3` is not there), memory, itself.
    @Test func threadsAndItsOwnSignalsAreLeft() async {
        await #expect(processExitsWith: .success) {
            let prisoner = try Prisoner()
            prisoner.limit()
            let ended = DispatchSemaphore(value: 0)
            for _ in 0..<4 {
                Thread {
                    // Bound as well.
                    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                    if socket == -1, errno == EPERM { ended.signal() }
                }.start()
            }
            for _ in 0..<4 { #expect(ended.wait(timeout: .now() + 20) == .success) }
            signal(SIGUSR1, SIG_IGN)
            prisoner.allowed("raise") { Int(raise(SIGUSR1)) == 0 ? 0 : -1 }
            prisoner.allowed("kill of itself") { Int(kill(getpid(), SIGUSR1)) }
            prisoner.allowed("memory") { Prisoner.memory(1 << 26) }
            prisoner.report()
        }
    }

    /// The last call of `abort` is a signal to its own process.
    @Test func aCrashIsToldAsWhatItIs() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            try Prisoner().limit()
            abort()
        }
    }
}
