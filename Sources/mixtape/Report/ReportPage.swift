import Base

/// One page that holds all it shows: no address in it leads out, and it needs no script. Well-formed as XML too.
struct ReportPage {
    /// Plain text.
    var title: String
    /// Markup.
    var body: String
    /// Plain text; what made the page, and of what.
    var footer: String

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'" />
        <meta name="referrer" content="no-referrer" />
        <link rel="icon" href="data:," />
        <title>\(HTMLText.escaped(title))</title>
        <style>
        \(ReportStyle.css)
        </style>
        </head>
        <body>
        <header class="page">\(Self.mark)<p>\(Self.signature)</p></header>
        <main>
        \(body)
        </main>
        <footer>\(HTMLText.escaped(footer))</footer>
        </body>
        </html>

        """
    }

    /// Every page has it near its start, by which earlier ones are known.
    static let signature = "<strong>Mixtape</strong> search for videos by example"

    /// Writes the page so that it is there whole or not at all.
    func write(to path: String) throws {
        do {
            try AtomicFile.write(html, to: path)
        } catch {
            throw CommandError(
                message: "\(path): \(error.description)",
                hint: "name a page in an existing folder with --html")
        }
    }

    /// A cassette.
    private static let mark = """
        <svg viewBox="0 0 48 32" fill="none" stroke="currentColor" stroke-width="2.5" aria-hidden="true">\
        <rect x="1.5" y="1.5" width="45" height="29" rx="4" /><circle cx="15" cy="14" r="4" /><circle cx="33" cy="14" r="4" />\
        <path d="M19 14h10M12 30l3-6h18l3 6" /></svg>
        """

    /// A score as a number and a bar.
    static func meter(_ score: Double) -> String {
        """
        <b>\(score.fixed(2))</b>\
        <span class="meter" aria-hidden="true"><span style="width:\((100 * score).fixed(1))%"></span></span>
        """
    }

    /// Names and values in a row.
    ///
    /// - Parameter pairs: plain text.
    static func facts(_ pairs: [(name: String, value: String)]) -> String {
        let items = pairs.map {
            "<div><dt>\(HTMLText.escaped($0.name))</dt><dd>\(HTMLText.escaped($0.value))</dd></div>"
        }
        return "<dl class=\"facts\">\(items.joined())</dl>"
    }
}
