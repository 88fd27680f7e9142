/// Why training could not start or go on; each names what is wrong and what to do.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A choice of the configuration that cannot be; `field` as in the JSON form, such as `optimizer.momentum`.
    case invalidConfiguration(field: String, problem: String)
    /// Nothing in the folder could be read as video.
    case noVideos(folder: String, skipped: Int)
    /// What was named cannot be looked into.
    case noFolder(path: String, problem: String)
    /// A contrast needs something to contrast with.
    case oneVideo(path: String)
    /// A file or folder could not be read or written.
    case file(path: String, problem: String)
    /// A new run would write over the state of an older one.
    case checkpointExists(path: String)
    /// The output folder holds a finished model.
    case modelExists(path: String)
    /// There is nothing to resume in the folder.
    case noCheckpoint(path: String)
    /// A checkpoint that is cut off, changed, or none at all.
    case damagedCheckpoint(path: String, problem: String)
    /// A checkpoint of another architecture or configuration; each difference is one sentence.
    case incompatibleCheckpoint(path: String, differences: [String])
    /// A number stopped being one. `checkpoint` is the last good one, where there is one.
    case nonFinite(step: Int, term: String, checkpoint: String?)
    /// A step needs more memory than there is; nothing was allocated.
    case memory(neededBytes: Int, availableBytes: Int)
    /// The network could not compute the batch.
    case encoder(problem: String)

    /// One sentence or list that says what happened.
    public var description: String {
        switch self {
        case .invalidConfiguration(let field, let problem):
            return "\(field): \(problem)"
        case .noVideos(let folder, let skipped):
            let why = skipped == 0 ? "no videos found" : "none of \(skipped) files could be read as video"
            return "\(folder): \(why)"
        case .oneVideo(let path):
            return "\(path): only one video; training contrasts videos with each other and needs at least two"
        case .file(let path, let problem), .noFolder(let path, let problem):
            return "\(path): \(problem)"
        case .checkpointExists(let path):
            return "\(path): already holds a checkpoint, which a new run would overwrite"
        case .modelExists(let path):
            return "\(path): holds a model already"
        case .noCheckpoint(let path):
            return "\(path): holds no checkpoint to resume"
        case .damagedCheckpoint(let path, let problem):
            return "\(path): the checkpoint cannot be used: \(problem)"
        case .incompatibleCheckpoint(let path, let differences):
            let shown = differences.prefix(3).joined(separator: "; ")
            let others = differences.count - 3
            return "\(path): the checkpoint belongs to another run: \(shown)"
                + (others > 0 ? "; and \(others) more differences" : "")
        case .nonFinite(let step, let term, let checkpoint):
            let kept =
                checkpoint.map { "; the last good checkpoint is \($0)" } ?? "; there is no checkpoint yet"
            return "step \(step): \(term) is not finite\(kept)"
        case .memory(let needed, let available):
            return
                "a step needs about \(Self.mebibytes(needed)) of memory, \(Self.mebibytes(available)) are free"
        case .encoder(let problem):
            return "the network failed: \(problem)"
        }
    }

    /// What to do about it.
    public var hint: String {
        switch self {
        case .invalidConfiguration: return "correct this choice and start again"
        case .noVideos: return "name a folder that contains videos"
        case .noFolder: return "name an existing, readable folder of videos"
        case .oneVideo: return "add more videos to the folder"
        case .file: return "check that the path exists and is writable, and that the disk is not full"
        case .checkpointExists: return "resume that run, train into another folder, or delete the checkpoint"
        case .modelExists: return "train into another folder"
        case .noCheckpoint: return "start without resuming, or name the folder of the interrupted run"
        case .damagedCheckpoint: return "delete it to start from the beginning, or resume from a copy"
        case .incompatibleCheckpoint:
            return "resume with the same choices, or train into another output folder"
        case .nonFinite: return "lower the learning rate or the clipping norm, then resume"
        case .memory, .encoder: return "try a smaller batch"
        }
    }

    private static func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MiB" }
}
