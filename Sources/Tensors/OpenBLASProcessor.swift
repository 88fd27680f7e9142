import Glibc

/// Makes OpenBLAS use its AVX-512 kernels on processors that it does not know.
///
/// OpenBLAS 0.3.21 recognises processors by model number and takes its Haswell (AVX2) kernels for each one newer than
/// itself, which halves its speed. `OPENBLAS_CORETYPE` overrides that. The library reads it when it is loaded, which
/// `CLazyLibraries` puts off until its first call.
public enum OpenBLASProcessor {
    private static let coreVariable = "OPENBLAS_CORETYPE"

    /// To be called first thing in `main`, before any thread reads the environment. Does nothing where there is no
    /// AVX-512 or the user has set the variable.
    public static func choose() {
        guard getenv(coreVariable) == nil, hasAVX512() else { return }
        setenv(coreVariable, "SkylakeX", 1)
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
