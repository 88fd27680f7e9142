import Base

/// The published splits of the two data sets that the literature measures on: the test videos ask, the training
/// videos answer.
public enum PublishedSplit: String, Sendable, CaseIterable {
    /// `classInd.txt`, `trainlist01.txt`, `testlist01.txt`, … (Soomro et al. 2012); 3 splits.
    case ucf101
    /// `CLASS_test_split1.txt`, … with 1 for training, 2 for test, 0 for neither (Kuehne et al. 2011); 3 splits.
    case hmdb51

    /// Reads one split.
    ///
    /// - Parameters:
    ///   - number: 1, 2 or 3.
    ///   - folder: holds the split files.
    ///   - root: holds a folder for each class, or all videos.
    public func read(number: Int, folder: String, videosIn root: String) throws(EvaluationError)
        -> LabelledVideos
    {
        guard (1...3).contains(number) else {
            throw .videos(problem: "there is no split \(number)", hint: "the splits are 1, 2 and 3")
        }
        let entries = self == .ucf101 ? try Self.ucf101(number, folder) : try Self.hmdb51(number, folder)
        var seen: Set<String> = []
        for entry in entries where !seen.insert(entry.name).inserted {
            throw .file(
                path: entry.list, line: entry.line, problem: "\(entry.name) is in the split twice",
                hint: "download the split files again")
        }
        return LabelledVideos(
            entries.map { entry in
                let file = entry.name.split(separator: "/").last.map(String.init) ?? entry.name
                let nested = "\(root)/\(entry.name)", flat = "\(root)/\(file)"
                let path = !Path.exists(nested) && Path.exists(flat) ? flat : nested
                return LabelledVideo(path: path, name: entry.name, label: entry.label, role: entry.role)
            })
    }

    private struct Entry {
        var name: String
        var label: String
        var role: VideoRole
        var list: String
        var line: Int
    }

    /// The lines that hold something, with their numbers.
    private static func lines(of path: String) throws(EvaluationError) -> [(number: Int, words: [Substring])]
    {
        let text = try EvaluationError.text(ofFile: path)
        var result: [(number: Int, words: [Substring])] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let words = line.split(whereSeparator: \.isWhitespace)
            if !words.isEmpty { result.append((index + 1, words)) }
        }
        guard !result.isEmpty else { throw malformed(path, nil, "the file is empty") }
        return result
    }

    private static func malformed(_ path: String, _ line: Int?, _ problem: String) -> EvaluationError {
        .file(
            path: path, line: line, problem: problem,
            hint: "download the split files again; they are read as published")
    }

    // MARK: - UCF101

    private static func ucf101(_ number: Int, _ folder: String) throws(EvaluationError) -> [Entry] {
        let index = "\(folder)/classInd.txt"
        var numbers: [String: Int] = [:]
        var used: Set<Int> = []
        for (line, words) in try lines(of: index) {
            guard words.count == 2, let value = Int(words[0]), value > 0 else {
                throw malformed(index, line, "expected a number and a class")
            }
            let name = String(words[1])
            guard numbers[name] == nil, used.insert(value).inserted else {
                throw malformed(index, line, "the class or its number is listed twice")
            }
            numbers[name] = value
        }
        let train = try ucfList("\(folder)/trainlist0\(number).txt", numbers, role: .gallery)
        return train + (try ucfList("\(folder)/testlist0\(number).txt", numbers, role: .query))
    }

    private static func ucfList(
        _ path: String, _ numbers: [String: Int], role: VideoRole
    ) throws(EvaluationError) -> [Entry] {
        var entries: [Entry] = []
        for (line, words) in try lines(of: path) {
            // Training lists give the class's number behind the path, test lists do not.
            let hasNumber = role == .gallery
            let parts = words[0].split(separator: "/", omittingEmptySubsequences: false)
            guard words.count == (hasNumber ? 2 : 1), parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty
            else {
                throw malformed(
                    path, line, "expected CLASS/VIDEO\(hasNumber ? " and the class's number" : "")")
            }
            let label = String(parts[0])
            guard let number = numbers[label] else {
                throw malformed(path, line, "classInd.txt has no class \(label)")
            }
            guard !hasNumber || Int(words[1]) == number else {
                throw malformed(
                    path, line, "\(label) has the number \(number) in classInd.txt, not \(words[1])")
            }
            entries.append(
                Entry(name: String(words[0]), label: label, role: role, list: path, line: line))
        }
        return entries
    }

    // MARK: - HMDB51

    private static func hmdb51(_ number: Int, _ folder: String) throws(EvaluationError) -> [Entry] {
        let ending = "_test_split\(number).txt"
        guard let files = Folder.names(in: folder) else {
            throw .file(
                path: folder, line: nil, problem: "cannot be opened as a folder",
                hint: "--splits-folder names it")
        }
        let names = files.sorted().filter { $0.hasSuffix(ending) && $0.count > ending.count }
        guard !names.isEmpty else {
            throw malformed(folder, nil, "holds no file that ends in \(ending)")
        }
        var entries: [Entry] = []
        for name in names {
            let label = String(name.dropLast(ending.count))
            let path = "\(folder)/\(name)"
            for (line, words) in try lines(of: path) {
                guard words.count == 2, let kind = Int(words[1]), (0...2).contains(kind),
                    !words[0].contains("/")
                else {
                    throw malformed(path, line, "expected a video and 0, 1 or 2")
                }
                guard kind > 0 else { continue }
                entries.append(
                    Entry(
                        name: "\(label)/\(words[0])", label: label, role: kind == 1 ? .gallery : .query,
                        list: path,
                        line: line))
            }
        }
        return entries
    }
}
