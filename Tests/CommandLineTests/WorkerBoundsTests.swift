import Foundation
import Testing
import TestSupport

/// What the processes that read videos may use, told by the kernel, and felt.
@Suite struct WorkerBoundsTests {
    /// The soft and the hard limit of a line of `/proc/…/limits`.
    private func limit(_ name: String, in limits: String) -> [String] {
        let line = limits.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
        return line.dropFirst(name.utf8.count).split(separator: " ").prefix(2).map(String.init)
    }

    @Test func aWorkerOfManyFilesIsLimited() throws {
        let index = try TestIndex()
        let run = try index.startIndexing()
        var (limits, capabilities) = ("", "")
        _ = eventually {
            for child in run.children {
                let status = (try? String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8)) ?? ""
                // The filter is the last thing that it sets up.
                guard status.contains("Seccomp:\t2") else { continue }
                capabilities = status.components(separatedBy: "CapPrm:\t").last ?? ""
                limits = (try? String(contentsOfFile: "/proc/\(child)/limits", encoding: .utf8)) ?? ""
            }
            return !limits.isEmpty || !run.process.isRunning
        }
        let outcome = try run.outcome()
        #expect(outcome.status == 0 && !outcome.errors.contains("warning:"), "\(outcome.errors)")
        // CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, or less.
        let held = try #require(UInt64(capabilities.prefix { $0.isHexDigit }, radix: 16))
        #expect(held & ~0b110 == 0, "\(capabilities)")
        #expect(limit("Max file size", in: limits) == ["0", "0"], "\(limits)")
        #expect(limit("Max core file size", in: limits) == ["0", "0"], "\(limits)")
        #expect(limit("Max open files", in: limits) == ["64", "64"], "\(limits)")
        #expect(limit("Max processes", in: limits).allSatisfy { Int($0) ?? .max <= 16_384 }, "\(limits)")
        // A sanitizer's own tables take more than any limit; workers are built without it then.
        #if !SANITIZED
            #expect(limit("Max address space", in: limits) == ["4294967296", "4294967296"], "\(limits)")
        #endif
    }
}
