import Library
import Synchronization
import VideoDecoding
import Dispatch

/// The still pictures of a report, each made once, however often it is shown.
struct ReportPictures {
    /// A moment of a video.
    struct Moment: Hashable {
        var path: String
        /// In milliseconds, so that equal moments are equal.
        var milliseconds: Int

        init(_ path: String, at seconds: Double) {
            self.path = path
            milliseconds = Int(exactly: (max(0, seconds) * 1000).rounded()) ?? 0
        }

        var seconds: Double { Double(milliseconds) / 1000 }
    }

    private let pictures: [Moment: Result<Thumbnail, LibraryError>]

    /// Decodes on all processors; a file that cannot be decoded has its reason in the page and stops nothing.
    ///
    /// - Throws: `cancelled`.
    init(_ moments: [Moment], from library: VideoLibrary) throws(LibraryError) {
        var seen: Set<Moment> = []
        let wanted = moments.filter { seen.insert($0).inserted }
        let display = CountDisplay(total: wanted.count, noun: "pictures")
        defer { display.clear() }
        let next = Atomic(0)
        let made = Mutex<[Moment: Result<Thumbnail, LibraryError>]>([:])
        DispatchQueue.concurrentPerform(iterations: max(1, min(Settings.current.processors, wanted.count))) {
            _ in
            while case let place = next.wrappingAdd(1, ordering: .relaxed).oldValue, place < wanted.count {
                let moment = wanted[place]
                var request = ThumbnailRequest(video: moment.path)
                request.time = moment.seconds
                request.width = 320
                let result = Result { () throws(LibraryError) in
                    try library.thumbnail(request, isCancelled: Interrupts.wereReceived)
                }
                let count = made.withLock { made in
                    made[moment] = result
                    return made.count
                }
                display.show(count)
            }
        }
        if Interrupts.wereReceived() { throw .cancelled }
        pictures = made.withLock { $0 }
    }

    /// A picture with its caption; a box that says why where there is none.
    ///
    /// - Parameters:
    ///   - alternative, caption: plain text.
    func figure(_ moment: Moment, kind: String, alternative: String, caption: String) -> String {
        let content =
            switch pictures[moment] {
            case .success(let picture):
                "<img src=\"\(picture.dataURI)\" width=\"\(picture.width)\" height=\"\(picture.height)\" "
                    + "alt=\"\(HTMLText.escaped(alternative))\" />"
            case .failure(let error):
                "<p class=\"missing\">no picture: \(HTMLText.escaped(Self.words(error)))</p>"
            case nil: "<p class=\"missing\">no picture</p>"
            }
        return """
            <figure class="\(kind)">
            <div class="frame">\(content)</div>
            <figcaption>\(HTMLText.escaped(caption))</figcaption>
            </figure>
            """
    }

    /// The page names the file already.
    private static func words(_ error: LibraryError) -> String {
        guard let path = error.path, error.message.hasPrefix(path + ": ") else { return error.message }
        return String(error.message.dropFirst(path.count + 2))
    }
}
