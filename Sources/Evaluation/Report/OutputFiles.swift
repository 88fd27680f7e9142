import Base
import Glibc

/// Writing of folders and small text files.
enum OutputFiles {
    static func makeFolder(_ path: String) throws(EvaluationError) {
        do throws(SystemError) { try Folder.make(path) } catch {
            throw .file(
                path: path, line: nil, problem: error.description, hint: "name a folder that can be written")
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

    /// A number with so many digits behind the point.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count)
            + fraction
    }
}
