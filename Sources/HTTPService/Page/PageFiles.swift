/// The page's files, compiled into the program.
enum PageFiles {
    struct File: Sendable {
        var path: String
        var type: String
        var bytes: [UInt8]
    }

    private static let script = "text/javascript; charset=utf-8"

    static let all = [
        File(path: "/", type: "text/html; charset=utf-8", bytes: PackageResources.index_html),
        File(path: "/page/page.css", type: "text/css; charset=utf-8", bytes: PackageResources.page_css),
        File(path: "/page/icon.svg", type: "image/svg+xml", bytes: PackageResources.icon_svg),
        File(path: "/page/main.js", type: script, bytes: PackageResources.main_js),
        File(path: "/page/api.js", type: script, bytes: PackageResources.api_js),
        File(path: "/page/elements.js", type: script, bytes: PackageResources.elements_js),
        File(path: "/page/first.js", type: script, bytes: PackageResources.first_js),
        File(path: "/page/search.js", type: script, bytes: PackageResources.search_js),
        File(path: "/page/compare.js", type: script, bytes: PackageResources.compare_js),
        File(path: "/page/mixture.js", type: script, bytes: PackageResources.mixture_js),
        File(path: "/page/library.js", type: script, bytes: PackageResources.library_js),
        File(path: "/page/duplicates.js", type: script, bytes: PackageResources.duplicates_js),
        File(path: "/page/jobs.js", type: script, bytes: PackageResources.jobs_js),
    ]
}
