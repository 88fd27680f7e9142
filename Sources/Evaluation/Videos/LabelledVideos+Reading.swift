import Base
import Glibc
import Training

extension LabelledVideos {
    /// Reads a folder with a folder for each class, or a CSV file with paths and labels.
    public init(path: String) throws(EvaluationError) {
        let status: FileStatus
        do throws(SystemError) { status = try FileStatus.of(path).get() } catch {
            throw .file(
                path: path, line: nil, problem: "cannot be found: \(error.message.lowercased())",
                hint:
                    "name a folder with a folder for each class, or a CSV file with the columns path and label"
            )
        }
        self = status.isFolder ? try Self.folder(path) : try Self.csv(path)
    }

    /// The class of a video is the folder directly below `path` that holds it; videos in `path` itself have none.
    private static func folder(_ path: String) throws(EvaluationError) -> LabelledVideos {
        let root = path.hasSuffix("/") ? path : path + "/"
        let found: [String]
        do throws(TrainingError) {
            found = try VideoFolder.videos(in: path)
        } catch {
            throw .file(
                path: path, line: nil, problem: "cannot be listed", hint: "check the folder's permissions")
        }
        return LabelledVideos(
            found.map { file in
                let name = file.hasPrefix(root) ? String(file.dropFirst(root.count)) : file
                let parts = name.split(separator: "/")
                return LabelledVideo(path: file, name: name, label: parts.count > 1 ? String(parts[0]) : nil)
            })
    }

    /// The first line names the columns: `path`, `label`, and optionally `split` (query or test, gallery or train).
    /// Paths are relative to the file's folder; an empty label makes a distractor, an empty split both sides.
    private static func csv(_ path: String) throws(EvaluationError) -> LabelledVideos {
        let table = try CSVTable(text: try EvaluationError.text(ofFile: path), path: path)
        func failure(_ problem: String, _ line: Int?) -> EvaluationError {
            .file(
                path: path, line: line, problem: problem,
                hint: "the columns are path, label and, if wanted, split")
        }
        guard let header = table.rows.first else { throw failure("the file is empty", nil) }
        let names = header.fields.map { trimmed($0).lowercased() }
        guard let pathColumn = names.firstIndex(of: "path"), let labelColumn = names.firstIndex(of: "label")
        else {
            throw failure("the first line must name the columns path and label", header.line)
        }
        let splitColumn = names.firstIndex(of: "split")
        let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        var seen: Set<String> = []
        var videos: [LabelledVideo] = []
        for row in table.rows.dropFirst() {
            guard row.fields.count == names.count else {
                throw failure("\(row.fields.count) fields where the first line has \(names.count)", row.line)
            }
            let name = row.fields[pathColumn]
            guard !name.isEmpty else { throw failure("the path is empty", row.line) }
            guard seen.insert(name).inserted else { throw failure("\(name) is listed twice", row.line) }
            let label = trimmed(row.fields[labelColumn])
            let role: VideoRole
            switch splitColumn.map({ trimmed(row.fields[$0]).lowercased() }) ?? "" {
            case "": role = .both
            case "query", "test": role = .query
            case "gallery", "train": role = .gallery
            case let other: throw failure("split is \"\(other)\"; expected query or gallery", row.line)
            }
            videos.append(
                LabelledVideo(
                    path: name.hasPrefix("/") ? name : parent + name, name: name,
                    label: label.isEmpty ? nil : label, role: role))
        }
        return LabelledVideos(videos)
    }

    private static func trimmed(_ text: String) -> String {
        String(
            text.trimmingPrefix { $0.isWhitespace }.reversed().trimmingPrefix { $0.isWhitespace }.reversed())
    }

    /// These videos as queries against those of `gallery`; both lose the role they had.
    ///
    /// Names of the gallery get "gallery/" before them where both sides hold a video of that name.
    public func queries(against gallery: LabelledVideos) -> LabelledVideos {
        let taken = Set(videos.map(\.name))
        let asking = videos.filter { $0.label != nil }
            .map { LabelledVideo(path: $0.path, name: $0.name, label: $0.label, role: .query) }
        let found = gallery.videos.map { video in
            let name = taken.contains(video.name) ? "gallery/\(video.name)" : video.name
            return LabelledVideo(path: video.path, name: name, label: video.label, role: .gallery)
        }
        return LabelledVideos(asking + found)
    }
}
