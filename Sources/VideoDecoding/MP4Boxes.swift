import Base

/// The outermost boxes of an MP4 file (ISO/IEC 14496-12): what stands in them says what a file is, and what it lacks.
struct MP4Boxes {
    struct Box {
        var name: String
        /// The first four bytes of the content, which a brand stands in.
        var brand: String
        var start: Int64
        /// Where it should end, by its own word.
        var end: Int64
    }

    private(set) var boxes: [Box] = []
    private let size: Int64
    private static let most = 4096

    /// - Parameter names: boxes behind one of which nothing is looked at.
    init(_ file: RegularFile, upTo names: Set<String> = []) {
        size = file.size
        var place: Int64 = 0
        while boxes.count < Self.most, place < size, let box = Self.box(at: place, in: file) {
            boxes.append(box)
            if names.contains(box.name) { return }
            place = box.end
        }
    }

    static func first(of file: RegularFile) -> Box? { box(at: 0, in: file) }

    private static func box(at place: Int64, in file: RegularFile) -> Box? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = bytes.withUnsafeMutableBytes { file.read(into: $0, at: place) }
        guard count >= 8 else { return nil }
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        let short = number(0..<4)
        // 1: the size is a long one; 0: up to the end of the file.
        let length = short == 1 ? number(8..<16) : short == 0 ? UInt64(file.size - place) : short
        let (end, isTooLarge) = place.addingReportingOverflow(Int64(clamping: length))
        guard length >= 8, !isTooLarge else { return nil }
        return Box(
            name: String(decoding: bytes[4..<8], as: UTF8.self),
            brand: String(decoding: bytes[8..<12], as: UTF8.self), start: place, end: end)
    }

    func holds(_ name: String) -> Bool { boxes.contains { $0.name == name } }

    /// Why there is nothing to be read in a film; nil where nothing is missing.
    var complaint: String? {
        if let last = boxes.last, last.end > size {
            let what = holds("moov") ? "" : "; its index (moov) is missing"
            return
                "the file is cut off: it has \(size) bytes, and its part \"\(last.name)\" should end at byte \(last.end)\(what)"
        }
        if holds("moov") { return nil }
        return holds("moof")
            ? "a fragment of a film; its header (moov) is in another file"
            : "its index (moov) is missing, as if the recording was not finished"
    }
}
