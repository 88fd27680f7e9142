import Glibc
import Synchronization

/// Ctrl-C and SIGTERM: the first asks what runs to end cleanly, the second ends the process at once.
enum Interrupts {
    /// The first signal's number; 0 while none came.
    private static let received = Atomic<Int32>(0)

    /// Starts to catch the signals.
    static func catchSignals() {
        // Initialised here, since a signal handler must not be the first to touch it.
        _ = received.load(ordering: .relaxed)
        for signal in [SIGINT, SIGTERM] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { signal in
                let (isFirst, _) = Interrupts.received.compareExchange(
                    expected: 0, desired: signal, ordering: .relaxed)
                if !isFirst { _exit(128 + signal) }
            }
            sigaction(signal, &action, nil)
        }
        // A program that starts this one from a worker thread may hand down a mask that blocks everything.
        var caught = sigset_t()
        sigemptyset(&caught)
        sigaddset(&caught, SIGINT)
        sigaddset(&caught, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &caught, nil)
    }

    /// Whether what runs should end.
    @Sendable static func wereReceived() -> Bool {
        received.load(ordering: .relaxed) != 0
    }

    /// The exit code that says which signal ended the work.
    static var exitCode: ExitCode {
        received.load(ordering: .relaxed) == SIGTERM ? .terminated : .interrupted
    }
}
