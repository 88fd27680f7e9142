import Base

/// What becomes of a file that shows nothing that the kept one does not.
public enum CleanupAction: Sendable, Hashable {
    /// It goes to the trash of its own filesystem.
    case trash
    /// It goes to this folder, absolute, on the same filesystem.
    case move(String)
    /// It becomes a further name of the kept file.
    case hardlink
    /// It shares the blocks of the kept file, and stays a file of its own.
    case reflink
    /// It becomes a symbolic link to the kept file.
    case symlink
    /// It is gone for good.
    case delete

    /// As `--action` has it.
    public init?(_ text: String) {
        switch text {
        case "trash": self = .trash
        case "hardlink": self = .hardlink
        case "reflink": self = .reflink
        case "symlink": self = .symlink
        case "delete": self = .delete
        default:
            let folder = text.dropFirst("move=".count)
            guard text.hasPrefix("move="), !folder.isEmpty else { return nil }
            self = .move(String(folder))
        }
    }

    /// As `--action` has it.
    public var text: String {
        switch self {
        case .trash: "trash"
        case .move(let folder): "move=" + folder
        case .hardlink: "hardlink"
        case .reflink: "reflink"
        case .symlink: "symlink"
        case .delete: "delete"
        }
    }

    /// Whether it is for files that are equal byte for byte alone.
    var needsEqualBytes: Bool {
        switch self {
        case .trash, .move, .delete: false
        case .hardlink, .reflink, .symlink: true
        }
    }

    /// Whether the bytes of the file are free afterwards, or once the trash is emptied.
    var freesBytes: Bool { if case .move = self { false } else { true } }
}

/// A file as it was when the plan was made.
public struct SeenFile: Sendable, Hashable {
    /// Absolute, without symbolic links.
    public var path: String
    /// Bytes.
    public var size: Int64
    /// Nanoseconds since 1970.
    public var modified: Int64
    /// Of its content.
    public var fingerprint: String

    /// Makes a file of its parts.
    public init(path: String, size: Int64, modified: Int64, fingerprint: String) {
        self.path = path
        self.size = size
        self.modified = modified
        self.fingerprint = fingerprint
    }
}

/// One file of a plan, and what becomes of it.
public struct PlanStep: Sendable, Hashable {
    /// The file that goes.
    public var file: SeenFile
    /// What becomes of it.
    public var action: CleanupAction
    /// The one that is kept for it.
    public var kept: SeenFile
    /// In words, such as "a smaller picture, 320 × 240".
    public var reason: String
    /// The probability that the two share footage.
    public var score: Double
    /// How much of what the file shows was found in the kept one, 0…1.
    public var shown: Double
    /// Bytes that are free when it is done, or when the trash is emptied; 0 where the file has further names.
    public var bytesFreed: Int64
    /// Where in the kept file it lies, if it is an excerpt of it; seconds.
    public var interval: TimeRange?
    /// Why nothing becomes of it; nil of a step.
    public var leftOut: String?

    /// Makes a step of its parts.
    public init(
        file: SeenFile, action: CleanupAction, kept: SeenFile, reason: String, score: Double, shown: Double,
        bytesFreed: Int64, interval: TimeRange? = nil, leftOut: String? = nil
    ) {
        self.file = file
        self.action = action
        self.kept = kept
        self.reason = reason
        self.score = score
        self.shown = shown
        self.bytesFreed = bytesFreed
        self.interval = interval
        self.leftOut = leftOut
    }
}

/// What is to become of duplicates, file by file.
public struct CleanupPlan: Sendable, Equatable {
    /// What is done, in this order.
    public var steps: [PlanStep]
    /// Excerpts of the kept files, which are not touched unless they are moved among the steps.
    public var excerpts: [PlanStep]
    /// Members of groups that stay, with the reason.
    public var leftOut: [PlanStep]

    /// Makes a plan of its parts.
    public init(steps: [PlanStep], excerpts: [PlanStep] = [], leftOut: [PlanStep] = []) {
        self.steps = steps
        self.excerpts = excerpts
        self.leftOut = leftOut
    }

    /// How many of the steps are wrong, as is to be expected: the sum of 1 − score.
    public var expectedMistakes: Double { steps.reduce(0) { $0 + 1 - $1.score } }

    /// Of all steps.
    public var bytesFreed: Int64 { steps.reduce(0) { $0 &+ $1.bytesFreed } }
}
