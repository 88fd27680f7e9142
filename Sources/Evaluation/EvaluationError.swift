import Base
import VideoEncoding

/// Why a measurement cannot be made; names the file where there is one, and what to do.
public enum EvaluationError: Error, Sendable, Equatable {
    /// A file with labels, a published split, or an output file; `line` counts from 1.
    case file(path: String, line: Int?, problem: String, hint: String?)
    /// The labelled videos do not allow the measurement.
    case videos(problem: String, hint: String?)
    /// A model cannot be used.
    case model(ModelError)
    /// The caller asked to end.
    case cancelled

    /// One sentence, such as "labels.csv, line 3: a quote is never closed".
    public var message: String {
        switch self {
        case .file(let path, let line, let problem, _):
            "\(path)\(line.map { ", line \($0)" } ?? ""): \(problem)"
        case .videos(let problem, _): problem
        case .model(let error): error.description
        case .cancelled: "cancelled"
        }
    }

    /// What to do about it.
    public var hint: String? {
        switch self {
        case .file(_, _, _, let hint), .videos(_, let hint): hint
        case .model(let error): error.hint
        case .cancelled: nil
        }
    }
}

extension EvaluationError: CustomStringConvertible {
    /// As `message`.
    public var description: String { message }
}

extension EvaluationError {
    /// The whole of a text file of at most 256 MiB.
    static func text(ofFile path: String) throws(EvaluationError) -> String {
        do throws(SystemError) {
            return String(decoding: try FileBytes.read(path, limit: 256 << 20), as: UTF8.self)
        } catch {
            throw .file(path: path, line: nil, problem: error.description, hint: "check the path")
        }
    }
}
