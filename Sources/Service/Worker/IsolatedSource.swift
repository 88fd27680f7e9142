import Base
import Glibc
import Indexing
import Ingestion
import VideoEncoding

/// Encodes files in worker processes, which may crash, hang or run out of memory without harm to the run.
package struct IsolatedSource: VideoSource {
    /// The program that has the worker's command.
    let executable: String
    /// Nil for workers that encode nothing.
    let modelFolder: String?
    /// D of the model, which the workers' answers must have.
    let dimension: Int
    /// Seconds from the start of one clip to the start of the next, of which there are no more than a file has.
    let clipStride: Double
    /// Of the model; nil takes whatever the folder holds by the time a worker starts.
    let modelFingerprint: String?
    /// Bytes of address space of a worker.
    let memory: UInt64
    /// Seconds without a sign of life, which is asked for every second, after which a decoder is taken to hang; and seconds
    /// beyond a file's time limit after which it is given up, whatever signs there are.
    let patience: Double

    package init(
        executable: String, modelFolder: String?, dimension: Int, clipStride: Double = 2,
        modelFingerprint: String? = nil,
        memory: UInt64 = 4 << 30, patience: Double = 120
    ) {
        self.executable = executable
        self.modelFolder = modelFolder
        self.dimension = dimension
        self.clipStride = clipStride
        self.modelFingerprint = modelFingerprint
        self.memory = memory
        self.patience = patience
    }

    package func fingerprint(path: String) throws(VideoError) -> String {
        try ContentFingerprint.of(path: path)
    }

    package func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker {
        IsolatedWorker(source: self, threads: threads)
    }

    /// The command line that `WorkerCommand` of the program reads.
    func arguments(threads: Int) -> [String] {
        ["mixtape", "worker", "--many", "--memory", "\(memory)", "--threads", "\(threads)"]
            + (modelFolder.map { ["--model", $0] } ?? [])
    }
}
