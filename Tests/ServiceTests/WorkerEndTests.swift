import Foundation
import Isolation
import Testing
import TestSupport

/// Workers end with the process that started them, however that ends, and not before.
@Suite(.timeLimit(.minutes(1))) struct WorkerEndTests {
    /// Names the folder in which a process leaves its worker's number.
    private static let variable = "MIXTAPE_TEST_WORKER_END"

    /// A worker that waits for a file for good: nobody is at the other end of its socket, so that no one can close it.
    private static func start() throws -> Int32 {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(socket >= 0)
        defer { close(socket) }
        let program = WorkerProgram.at(BuiltProgram.path)
        return try program.start(WorkerSettings(modelFolder: nil), input: socket).process
    }

    private static func status(_ process: Int32) -> String {
        (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    }

    /// The filter is the last that it sets up.
    private static func isLimited(_ process: Int32) -> Bool { status(process).contains("Seccomp:\t2") }

    /// Nobody may have waited for it yet.
    private static func isGone(_ process: Int32) -> Bool {
        let status = status(process)
        return status.isEmpty || status.contains("State:\tZ")
    }

    @Test func aWorkerEndsWithAProcessThatIsKilled() async throws {
        let folder = try TemporaryFolder()
        setenv(Self.variable, folder.path, 1)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let folder = try #require(ProcessInfo.processInfo.environment[WorkerEndTests.variable])
            let worker = try WorkerEndTests.start()
            if eventually(within: 20, { WorkerEndTests.isLimited(worker) }) {
                try "\(worker)".write(toFile: folder + "/worker", atomically: true, encoding: .utf8)
            }
            kill(getpid(), SIGKILL)
        }
        let said = try String(contentsOfFile: folder.path + "/worker", encoding: .utf8)
        let worker = try #require(Int32(said))
        let isGone = eventually(within: 1) { Self.isGone(worker) }
        #expect(isGone)
        if !isGone { kill(worker, SIGKILL) }
    }

    /// The system takes the thread that started a process for its parent; threads of a service come and go.
    @Test func aWorkerOutlivesTheThreadThatStartedIt() throws {
        let (started, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        nonisolated(unsafe) var worker: Int32 = -1
        let thread = Thread {
            worker = (try? Self.start()) ?? -1
            // As long as it takes the worker to see who its parent is.
            _ = eventually(within: 20) { Self.isLimited(worker) }
            started.signal()
            ended.wait()
        }
        thread.start()
        started.wait()
        try #require(worker > 0 && Self.isLimited(worker))
        ended.signal()
        #expect(eventually(within: 5) { thread.isFinished })
        #expect(!eventually(within: 0.3) { Self.isGone(worker) })
        kill(worker, SIGKILL)
        var status: Int32 = 0
        #expect(waitpid(worker, &status, 0) == worker && status == SIGKILL)
    }

    /// Whose parent was gone before it could say that it ends with it.
    @Test func aWorkerWithoutItsParentEndsAtOnce() throws {
        func ending(parent: Int32) throws -> (Process.TerminationReason, Int32) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: BuiltProgram.path)
            var settings = WorkerSettings(modelFolder: nil)
            settings.parent = parent
            process.arguments = ["worker", settings.text]
            process.standardInput = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            return (process.terminationReason, process.terminationStatus)
        }
        #expect(try ending(parent: Int32.max) == (.uncaughtSignal, SIGKILL))
        // By a parent that is there nothing is asked: it ends by itself.
        #expect(try ending(parent: getpid()) == (.exit, 0))
    }
}
