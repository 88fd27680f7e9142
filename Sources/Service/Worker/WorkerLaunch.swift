internal import CWorker

import Base
import Glibc

/// Starts worker processes, which get nothing of their parent but what they are given.
public enum WorkerLaunch {
    /// Starts `mixtape worker`, in a process group of its own; it ends with this process, however that ends,
    /// and soon after it has more than 512 threads.
    ///
    /// - Parameters:
    ///   - executable: the program that has the worker's command.
    ///   - arguments: with the program's name; who starts it is added to them.
    ///   - input: becomes the worker's standard input; stays open here.
    /// - Returns: the process, which the caller waits for, and the end of its standard output.
    /// - Throws: `decoder_unavailable`.
    public static func start(
        _ executable: String, _ arguments: [String], input: Int32
    ) throws(LibraryError) -> (process: Int32, output: Int32) {
        var words: [UnsafeMutablePointer<CChar>?] =
            (arguments + ["--parent", "\(getpid())"]).map { strdup($0) } + [nil]
        // Nothing of the surroundings but where the libraries are.
        let libraries = getenv("LD_LIBRARY_PATH").map { "LD_LIBRARY_PATH=" + String(cString: $0) }
        var surroundings: [UnsafeMutablePointer<CChar>?] = [libraries.map { strdup($0) } ?? nil, nil]
        defer { for word in words + surroundings { free(word) } }
        var process: pid_t = 0
        var output: Int32 = -1
        let result = mixtape_start_worker(executable, &words, &surroundings, input, &process, &output)
        guard result == 0 else {
            throw LibraryError(
                .video, reason: "decoder_unavailable",
                message: "no decoder can be started: \(SystemError.message(result))")
        }
        return (process, output)
    }
}
