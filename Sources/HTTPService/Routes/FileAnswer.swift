import HTTPTypes
import Hummingbird

/// A file as an answer: whole, or the range of bytes that was asked for (RFC 9110 §14).
struct FileAnswer {
    var file: OpenFile
    var type: String
    var lanes: Lanes
    /// What is read, and held, at a time.
    private static let pieceBytes = 256 << 10

    /// What a Range header asks of a file.
    enum Wanted: Equatable { case all, part(Range<Int>), nothing }

    /// Several ranges, and what is none, count as not asked: the whole file is an answer to that as well.
    static func wanted(_ header: String?, size: Int) -> Wanted {
        guard let header, header.hasPrefix("bytes=") else { return .all }
        let ends = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2 else { return .all }
        func number(_ text: Substring) -> Int? {
            text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? Int(text) : nil
        }
        if ends[0].isEmpty {
            guard let count = number(ends[1]) else { return .all }
            return count == 0 || size == 0 ? .nothing : .part(max(0, size - count)..<size)
        }
        guard let first = number(ends[0]) else { return .all }
        guard first < size else { return .nothing }
        if ends[1].isEmpty { return .part(first..<size) }
        guard let last = number(ends[1]), last >= first else { return .all }
        return .part(first..<(last < size ? last + 1 : size))
    }

    func answer(to request: Request) -> Answer {
        let headers: [(HTTPField.Name, String)] = [
            (.acceptRanges, "bytes"), (.eTag, file.tag), (.cacheControl, "private, no-cache"),
        ]
        var answer: Answer
        if let known = request.headers[.ifNoneMatch], known == file.tag {
            answer = Answer(status: 304)
        } else {
            // A range of a file that has changed would be glued to pieces of the old one.
            let isSame = request.headers[.ifRange].map { $0 == file.tag } ?? true
            switch Self.wanted(isSame ? request.headers[.range] : nil, size: file.size) {
            case .all: answer = send(0..<file.size, status: 200)
            case .part(let range):
                answer = send(range, status: 206).with(
                    .contentRange, "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)")
            case .nothing:
                answer = Refusal(416, "range", "the range lies outside the file").answer
                    .with(.contentRange, "bytes */\(file.size)")
            }
        }
        answer.headers += headers
        return answer
    }

    private func send(_ range: Range<Int>, status: Int) -> Answer {
        let (file, lanes) = (file, lanes)
        return Answer(status: status, type, length: range.count) { writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let start = offset
                let count = min(Self.pieceBytes, range.upperBound - start)
                let piece = try await lanes.run(.file) { file.read(count, at: start) }
                // The length is promised; a file that became shorter ends the connection.
                guard let piece, piece.count == count else { throw Shortened() }
                try await writer.write(ByteBuffer(bytes: piece))
                offset += count
            }
            try await writer.finish(nil)
        }
    }

    private struct Shortened: Error {}
}

/// Media types of video files, for browsers.
enum MediaType: String, CaseIterable {
    case mp4 = "video/mp4"
    case quickTime = "video/quicktime"
    case webM = "video/webm"
    case matroska = "video/x-matroska"
    case ogg = "video/ogg"
    case avi = "video/x-msvideo"
    case transportStream = "video/mp2t"
    case mpeg = "video/mpeg"
    case flash = "video/x-flv"
    case windows = "video/x-ms-wmv"
    case gif = "image/gif"
    case other = "application/octet-stream"

    /// That of a file in a container, by FFmpeg's name for it.
    init(container: String, path: String) {
        let name = path.split(separator: "/").last ?? ""
        let ending = name.contains(".") ? name.split(separator: ".").last?.lowercased() ?? "" : ""
        // FFmpeg has one name for what share a format.
        self =
            switch container {
            case _ where container.hasPrefix("matroska"): ending == "webm" ? .webM : .matroska
            case _ where container.hasPrefix("mov,"): ending == "mov" || ending == "qt" ? .quickTime : .mp4
            case "ogg": .ogg
            case "avi": .avi
            case "mpegts": .transportStream
            case "mpeg": .mpeg
            case "flv": .flash
            case "asf": .windows
            case "gif": .gif
            default: .other
            }
    }
}
