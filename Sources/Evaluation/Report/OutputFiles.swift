import Base
import Glibc

/// Writing of folders and small text files.
enum OutputFiles {
    static func makeFolder(_ path: String) throws(EvaluationError) {
        do throws(SystemError) { try Folder.make(path) } catch {
            throw .file(
                path: path, line: nil, problem: error.description, hint: "name a writable folder")
        }
    }

    static func write(_ text: String, to path: String) throws(EvaluationError) {
        do throws(SystemError) { try AtomicFile.write(text, to: path) } catch {
            throw .file(
                path: path, line: nil, problem: error.description, hint: "name a folder with room by --out")
        }
    }

    /// Lines of comma-separated values; fields with commas, quotes or line breaks are quoted.
    static func csv(_ rows: [[String]]) -> String {
        rows.map { row in
            row.map { field in
                let needsQuotes = field.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
                guard needsQuotes else { return field }
                return "\""
                    + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
                    + "\""
            }.joined(separator: ",") + "\n"
        }.joined()
    }
}
