internal import CWorker

import Glibc

/// Which files a worker process can open by name: those that a decoder and an encoder need, and no one's own.
package enum WorkerSight {
    /// Libraries, what they ask about the machine, and this process; of /etc the loader's list alone.
    private static let system = [
        "/usr", "/lib", "/lib32", "/lib64", "/opt", "/etc/ld.so.cache", "/sys/devices/system", "/proc/self",
        "/proc/cpuinfo", "/proc/stat", "/proc/meminfo", "/dev/null", "/dev/zero", "/dev/random",
        "/dev/urandom",
    ]

    /// Whether the system has such rules.
    package static var isAvailable: Bool { mixtape_landlock_version() > 0 }

    /// Hides every other file from this thread and those that it starts, for good; files that are open can be read.
    ///
    /// Before there are other threads, which would go on seeing everything. The kernel's Landlock; Linux has it from 5.13 on.
    ///
    /// - Returns: whether the system could; where it can't, the worker's other limits remain.
    @discardableResult
    package static func narrow(toModel folder: String?) -> Bool {
        // Libraries that the user keeps elsewhere, and what is built but not installed.
        let libraries = (getenv("LD_LIBRARY_PATH").map { String(cString: $0) } ?? "").split(separator: ":")
        let paths = system + [folder].compactMap(\.self) + libraries.map(String.init)
        var pointers = paths.map { UnsafePointer(strdup($0)) }
        defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
        return mixtape_read_only_beneath(&pointers, pointers.count) == 0
    }
}
