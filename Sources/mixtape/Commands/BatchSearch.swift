import Glibc
import Service

/// Searches for many videos, some at a time, and prints each one's answer as it comes.
struct BatchSearch {
    let library: VideoLibrary
    let request: SearchRequest
    let videos: [String]
    let printsJSON: Bool
    /// Where to write a page of all answers; nil for none.
    let page: String?

    /// Enough to share what is read of the index; few enough that answers come soon.
    private static let atOnce = 64

    /// - Throws: `ExitCode.failure` where a video could not be searched for, once all others were.
    func run() throws {
        let display = CountDisplay(total: videos.count, noun: "videos")
        var failures = 0
        var responses: [SearchResponse] = []
        for first in stride(from: 0, to: videos.count, by: Self.atOnce) {
            var batch = SearchBatch(videos: Array(videos[first..<min(first + Self.atOnce, videos.count)]))
            batch.common = request
            let response: BatchResponse
            do {
                defer { display.clear() }
                response = try library.search(
                    batch, progress: { display.show(first + $0) }, isCancelled: Interrupts.wereReceived)
            }
            for answer in response.answers {
                switch answer.result {
                case .success(let response): if page != nil { responses.append(response) }
                case .failure: failures += 1
                }
                show(answer)
            }
        }
        if let page { try SearchReport.write(responses, to: page, library: library) }
        if failures > 0 {
            Terminal.note("\(failures) of \(videos.count) videos could not be searched for")
            throw ExitCode.failure
        }
    }

    private func show(_ answer: BatchResponse.Answer) {
        if printsJSON { Terminal.data(answer.json.serialized()) }
        switch answer.result {
        case .success(let response):
            if !printsJSON {
                let title = Terminal.styledForOutput(Terminal.printable(answer.video), .bold)
                Terminal.data("\(title)\n\(SearchTable.text(response))\n")
            }
        case .failure(let error):
            Terminal.report(Terminal.printable(error.message), hint: nil)
        }
    }

    /// The paths in a list, one a line; `-` is standard input.
    static func list(_ path: String) throws -> [String] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        func failure() -> CommandError {
            CommandError(
                message: "\(path): \(String(cString: strerror(errno)))",
                hint: "--batch names a list of videos, one a line, or - for standard input")
        }
        guard descriptor >= 0 else { throw failure() }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &buffer, buffer.count), count != 0 {
            if count > 0 { bytes += buffer[..<count] } else if errno != EINTR { throw failure() }
            if Interrupts.wereReceived() { throw Interrupts.exitCode }
        }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
        }
    }
}
