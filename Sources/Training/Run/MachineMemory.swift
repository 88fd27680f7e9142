internal import FoundationEssentials

/// What the machine, or the control group that the process runs in, has left.
enum MachineMemory {
    /// The smaller of the kernel's estimate for new programs (proc(5), `MemAvailable`) and what the control group
    /// (cgroup v2) still allows; nil where the system says neither.
    static var availableBytes: Int? {
        [kernelEstimate, controlGroupRest].compactMap { $0 }.min()
    }

    private static var kernelEstimate: Int? {
        guard let lines = text("/proc/meminfo")?.split(separator: "\n") else { return nil }
        for line in lines where line.hasPrefix("MemAvailable:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
        }
        return nil
    }

    /// The file cache counts as used there, and goes when it must.
    private static var controlGroupRest: Int? {
        guard let limit = number("/sys/fs/cgroup/memory.max"),
            let used = number("/sys/fs/cgroup/memory.current")
        else { return nil }
        let cache = text("/sys/fs/cgroup/memory.stat")?.split(separator: "\n").first { $0.hasPrefix("file ") }
        let reclaimable = cache?.split(separator: " ").last.flatMap { Int($0) } ?? 0
        return max(0, limit - used + reclaimable)
    }

    private static func number(_ path: String) -> Int? {
        text(path).flatMap { Int($0.prefix { $0.isNumber }) }
    }

    private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
