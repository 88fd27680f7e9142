import Glibc

/// Makes OpenBLAS use its AVX-512 kernels on processors that it does not know.
///
/// OpenBLAS 0.3.21 recognises processors by model number and takes its Haswell (AVX2) kernels for each one newer than
/// itself, which halves its speed. `OPENBLAS_CORETYPE` overrides that, but the library reads it in its
/// constructor, that is before `main`, since the executable is linked against it. `setenv` in `main` comes too
/// late; so the program sets the variable and executes itself once more, which costs about 2 ms.
public enum OpenBLASProcessor {
    private static let coreVariable = "OPENBLAS_CORETYPE"
    private static let guardVariable = "MIXTAPE_OPENBLAS_REEXECUTED"

    /// To be called first thing in `main`, before any thread or file is opened. Returns where nothing is to be
    /// done (no AVX-512, the variable set by the user, done already) or where it cannot be done; a slower
    /// matrix product is no reason to stop.
    public static func reexecIfNeeded() {
        guard getenv(coreVariable) == nil, getenv(guardVariable) == nil, hasAVX512() else { return }
        setenv(coreVariable, "SkylakeX", 1)
        setenv(guardVariable, "1", 1)
        // CommandLine.unsafeArgv is the kernel's own argument vector: no copy, arguments that are not UTF-8
        // included.
        // By the real path, so that `ps` and `top` show the program's name; the link works where that path does not.
        var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        if readlink("/proc/self/exe", &path, Int(PATH_MAX)) > 0 { execv(path, CommandLine.unsafeArgv) }
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }

    /// Whether the processor, and the kernel with it, has what the SkylakeX kernels use.
    package static func hasAVX512() -> Bool {
        guard let text = readText("/proc/cpuinfo"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
        else { return false }
        let flags = Set(line.split(separator: " "))
        return ["avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"].allSatisfy { flags.contains($0) }
    }

    /// The first 16 KiB, which hold the first processor's entry.
    private static func readText(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16384)
        var used = 0
        while used < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress! + used, $0.count - used)
            }
            if got <= 0 { break }
            used += got
        }
        return String(decoding: bytes[..<used], as: UTF8.self)
    }
}
