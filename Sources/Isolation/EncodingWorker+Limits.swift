internal import CWorker

import Glibc

extension EncodingWorker {
    /// A kind of limit, by the name that people know it by.
    package enum Limit: String, CaseIterable, Sendable {
        /// Which files can be opened.
        case landlock = "Landlock"
        /// Which calls the system takes.
        case seccomp = "seccomp"
        /// How much memory, time and space can be used.
        case resources = "resource limits"
        /// What it may do beyond what others may, where it is the superuser's.
        case capabilities = "fewer capabilities"
    }

    /// Limits this process for good, before it reads a byte of a stranger's and while it has no other threads, which would
    /// see every file.
    ///
    /// No file can be written, no memory image is left behind, and the kernel ends the process at the limits of memory
    /// and processor time, and with the process that started it.
    ///
    /// - Returns: what the system failed to set up; the rest holds. One too old for Landlock fails at nothing.
    package static func limit(_ settings: WorkerSettings) -> [Limit] {
        var missing: [Limit] = []
        if !WorkerSight.narrow(toModel: settings.modelFolder), WorkerSight.isAvailable {
            missing.append(.landlock)
        }
        // Whoever searches comes before whoever decodes.
        _ = nice(5)
        if !limitResources(settings) { missing.append(.resources) }
        if mixtape_drop_capabilities() != 0 { missing.append(.capabilities) }
        if let parent = settings.parent { _ = mixtape_end_with_parent(parent) }
        // Last: it refuses to change what the lines above have set.
        if mixtape_refuse_calls() != 0 { missing.append(.seccomp) }
        return missing
    }

    /// Half of the numbers that a small machine has for threads, and more than anybody has.
    private static let mostThreadsOfItsUser: rlim_t = 16_384

    private static func limitResources(_ settings: WorkerSettings) -> Bool {
        var holds = true
        if let processorSeconds = settings.processorSeconds {
            let seconds = rlim_t(processorSeconds)
            // One second between the two, so that the signal says which limit it was.
            holds = set(__rlimit_resource_t(RLIMIT_CPU.rawValue), seconds, hard: seconds + 1) && holds
        }
        #if !SANITIZED
            // A sanitizer's tables take terabytes of addresses (`tools/break/sanitize`).
            holds = set(__rlimit_resource_t(RLIMIT_AS.rawValue), rlim_t(settings.memory)) && holds
        #endif
        // The user's in all, and not the superuser's: whoever started the process counts its own (`mixtape_watch_worker`).
        holds = set(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), mostThreadsOfItsUser) && holds
        holds = set(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), 0) && holds
        holds = set(__rlimit_resource_t(RLIMIT_CORE.rawValue), 0) && holds
        return set(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), 64) && holds
    }

    private static func set(_ resource: __rlimit_resource_t, _ value: rlim_t, hard: rlim_t? = nil) -> Bool {
        var current = rlimit()
        guard getrlimit(resource, &current) == 0 else { return false }
        var limit = rlimit(
            rlim_cur: min(value, current.rlim_max), rlim_max: min(hard ?? value, current.rlim_max))
        return setrlimit(resource, &limit) == 0
    }
}
