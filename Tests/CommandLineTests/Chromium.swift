import Foundation
import TestSupport

/// A browser without a window, where one is installed.
enum Chromium {
    /// Where it is; nil where it is not installed.
    static let path: String? = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// What a browser made of a page.
    struct Visit {
        /// Lines of the console; there are none where nothing is wrong.
        var console: [String]
        /// The page's elements at the end, with `--dump-dom`.
        var output: String
        var status: Int32
    }

    /// Opens a page, a file or an address, in a browser of its own.
    static func visit(
        _ page: String, width: Int, height: Int = 900, isDark: Bool = false, _ more: String...
    ) throws -> Visit {
        let profile = try TemporaryFolder()
        let arguments = [
            // A hanging browser must not hang the tests.
            "timeout", "--kill-after=5", "90", path ?? "chromium", "--headless=new", "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
            "--disable-background-networking",
            "--hide-scrollbars", "--user-data-dir=\(profile.path)", "--window-size=\(width),\(height)",
            "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--enable-logging=stderr",
        ]
        let url = page.hasPrefix("http:") ? page : URL(fileURLWithPath: page).absoluteString
        let outcome = try Running(arguments + more + [url], program: "/usr/bin/env").outcome()
        let lines = outcome.errors.split(separator: "\n").map(String.init)
        return Visit(
            console: lines.filter { $0.contains(":CONSOLE") }, output: outcome.output, status: outcome.status)
    }

    /// What a script finds in a copy of the page which lets it run, in a frame of that width: windows have a least one.
    static func measure(
        _ page: String, width: Int, isDark: Bool = false, in folder: TemporaryFolder, script: String
    ) throws -> [String] {
        let text = try String(contentsOfFile: page, encoding: .utf8)
        let open = text.replacing(#/<meta http-equiv="Content-Security-Policy"[^>]*>/#, with: "")
        let name = "measured-\(UUID().uuidString)"
        let code = "<script>parent.postMessage([\(script)].join('|'), '*')</script></body>"
        try open.replacing("</body>", with: code)
            .write(toFile: "\(folder.path)/\(name).html", atomically: false, encoding: .utf8)
        let frame = "\(folder.path)/\(name)-frame.html"
        try """
        <!DOCTYPE html><html><head><meta name="color-scheme" content="light dark"><title></title></head><body>
        <script>addEventListener('message', message => { document.title = message.data })</script>
        <iframe src="\(name).html" style="border:0;width:\(width)px;height:900px"></iframe></body></html>
        """.write(toFile: frame, atomically: false, encoding: .utf8)
        let result = try visit(
            frame, width: width + 100, isDark: isDark, "--virtual-time-budget=5000", "--dump-dom")
        let title = result.output.firstMatch(of: #/<title>([^<]*)</title>/#)?.output.1 ?? ""
        return title.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }
}
