import Ingestion

/// One line on what a run passed over.
enum LeftOutText {
    private static let mostNames = 4

    /// Nil where that is nothing.
    static func line(_ leftOut: LeftOut) -> String? {
        let parts = parts(leftOut)
        return parts.isEmpty ? nil : "left out: " + parts.joined(separator: "; ")
    }

    /// Each kind of what was passed over, with its number.
    static func parts(_ leftOut: LeftOut) -> [String] {
        var parts: [String] = []
        if leftOut.otherFiles > 0 {
            let endings = leftOut.endingsByCount
            var names = endings.prefix(mostNames).map { one in
                "\(one.count) \(one.ending.isEmpty ? "without one" : "." + Terminal.printable(one.ending))"
            }
            if endings.count > mostNames { names.append("…") }
            parts.append(
                "\(count(leftOut.otherFiles, "file", "files")) without a video's ending "
                    + "(\(names.joined(separator: ", "))), which --all-files looks into")
        }
        if leftOut.excluded > 0 { parts.append(count(leftOut.excluded, "file", "files") + " by a pattern") }
        if leftOut.otherNames > 0 {
            parts.append(
                count(leftOut.otherNames, "further name of a file", "further names of files")
                    + " (hard links)")
        }
        if leftOut.unreadableNames > 0 {
            parts.append(count(leftOut.unreadableNames, "name", "names") + " not in UTF-8")
        }
        if leftOut.outsideLinks > 0 {
            parts.append(count(leftOut.outsideLinks, "link", "links") + " out of the folders")
        }
        for (reason, words) in [
            (LeftOut.Reason.system, "recycle bins and the like"), (.marked, "marked"),
            (.pattern, "by a pattern"),
        ] {
            let folders = leftOut.folders.filter { $0.reason == reason }
            if folders.isEmpty { continue }
            var names = folders.prefix(mostNames).map { folder in
                Terminal.printable(folder.path.split(separator: "/").last.map(String.init) ?? folder.path)
            }
            if folders.count > mostNames { names.append("…") }
            parts.append(
                "\(count(folders.count, "folder", "folders")) (\(words): \(names.joined(separator: ", ")))")
        }
        return parts
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }
}
