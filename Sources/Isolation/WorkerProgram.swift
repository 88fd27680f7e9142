internal import CWorker

import Glibc

/// How worker processes are started: a program that calls `EncodingWorker.serve`, and the words that lead it there.
public struct WorkerProgram: Sendable, Equatable {
    /// The program's file.
    public var executable: String
    /// Its command line, from the program's name on. One more word follows, `WorkerSettings` as JSON.
    public var arguments: [String]

    /// A program's command.
    public init(executable: String, arguments: [String]) {
        self.executable = executable
        self.arguments = arguments
    }

    /// Starts a process in a group of its own, which gets nothing of its parent but what it is given; it ends with this process,
    /// however that ends, and soon after it has more than 512 threads.
    ///
    /// - Parameters:
    ///   - settings: who starts it is added to them.
    ///   - input: becomes the worker's standard input; stays open here.
    /// - Returns: the process, which the caller waits for, and the end of its standard output.
    /// - Throws: `decoder_unavailable`.
    package func start(
        _ settings: WorkerSettings, input: Int32
    ) throws(WorkerFailure) -> (process: Int32, output: Int32) {
        var settings = settings
        settings.parent = getpid()
        var words: [UnsafeMutablePointer<CChar>?] =
            (arguments + [settings.text]).map { strdup($0) } + [nil]
        // Nothing of the surroundings but where the libraries are.
        let libraries = getenv("LD_LIBRARY_PATH").map { "LD_LIBRARY_PATH=" + String(cString: $0) }
        var surroundings: [UnsafeMutablePointer<CChar>?] = [libraries.map { strdup($0) } ?? nil, nil]
        defer { for word in words + surroundings { free(word) } }
        var process: pid_t = 0
        var output: Int32 = -1
        let result = mixtape_start_worker(executable, &words, &surroundings, input, &process, &output)
        guard result == 0 else { throw .unavailable(result) }
        return (process, output)
    }
}
