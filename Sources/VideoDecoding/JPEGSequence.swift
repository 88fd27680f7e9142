import Base

/// What stands behind the first picture of a JPEG file: nothing, as a rule; further pictures, where a camera's stream was saved
/// as it came; or a short film, where a telephone took a motion photo.
struct JPEGSequence {
    /// Whether the file is a row of pictures of one size.
    private(set) var isVideo = false
    private(set) var isMotionPhoto = false

    /// No picture of a camera is larger; what is looked at is bounded by it.
    private static let mostBytes: Int64 = 64 << 20

    private let file: RegularFile
    private var buffer: [UInt8] = []
    private var bufferStart: Int64 = 0

    init(_ file: RegularFile) {
        self.file = file
        guard let first = picture(at: 0) else { return }
        var place = first.end
        var count = 1
        while count < 3, let start = nextStart(from: place), let next = picture(at: start) {
            // Photos carry smaller copies, and maps of light, behind themselves.
            guard next.width == first.width, next.height == first.height, !first.holdsSeveral else { break }
            count += 1
            place = next.end
        }
        isVideo = count > 1
        isMotionPhoto = !isVideo && holdsFilm(from: first.end)
    }

    private mutating func byte(_ place: Int64) -> UInt8? {
        if place < bufferStart || place >= bufferStart + Int64(buffer.count) {
            let size = 64 << 10
            bufferStart = place
            buffer = [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
                count = max(0, file.read(into: UnsafeMutableRawBufferPointer(bytes), at: place))
            }
        }
        let index = Int(place - bufferStart)
        return index < buffer.count ? buffer[index] : nil
    }

    private mutating func number(_ place: Int64) -> Int? {
        guard let high = byte(place), let low = byte(place + 1) else { return nil }
        return Int(high) << 8 | Int(low)
    }

    /// Where a picture begins, not far behind the end of another.
    private mutating func nextStart(from place: Int64) -> Int64? {
        for start in place..<(place + 4096) {
            guard let mark = number(start) else { return nil }
            if mark == 0xFFD8, byte(start + 2) == 0xFF { return start }
        }
        return nil
    }

    private struct Picture {
        var width = 0
        var height = 0
        /// Whether it says that more pictures belong to it.
        var holdsSeveral = false
        var end: Int64 = 0
    }

    /// Goes through a picture's segments; nil if there is no picture, or it has no end.
    private mutating func picture(at start: Int64) -> Picture? {
        guard number(start) == 0xFFD8 else { return nil }
        var picture = Picture()
        var place = start + 2
        var hasScan = false
        while place - start < Self.mostBytes, let mark = number(place) {
            switch mark {
            case 0xFFD9:
                picture.end = place + 2
                return picture.width > 0 ? picture : nil
            // Some cameras write no mark of the end.
            case 0xFFD8 where hasScan:
                picture.end = place
                return picture.width > 0 ? picture : nil
            case 0xFFFF: place += 1
            case 0xFF01, 0xFFD0...0xFFD7: place += 2
            case 0xFF02...0xFFFE:
                guard let length = number(place + 2), length >= 2 else { return nil }
                if (0xFFC0...0xFFCF).contains(mark), ![0xFFC4, 0xFFC8, 0xFFCC].contains(mark) {
                    picture.height = number(place + 5) ?? 0
                    picture.width = number(place + 7) ?? 0
                } else if mark == 0xFFE2, number(place + 4) == 0x4D50, byte(place + 6) == 0x46 {
                    picture.holdsSeveral = true  // "MPF"
                }
                place += 2 + Int64(length)
                if mark == 0xFFDA {
                    place = endOfScan(from: place)
                    hasScan = true
                }
            default: return nil
            }
        }
        return nil
    }

    /// The next mark behind coded data, in which a zero follows each 0xFF.
    private mutating func endOfScan(from start: Int64) -> Int64 {
        var place = start
        while place - start < Self.mostBytes, let byte = byte(place) {
            if byte == 0xFF, let next = self.byte(place + 1), next != 0, !(0xD0...0xD7).contains(next) {
                return place
            }
            place += 1
        }
        return place
    }

    /// Whether an MP4 file begins there, or a little later.
    private mutating func holdsFilm(from place: Int64) -> Bool {
        let name = Array("ftyp".utf8)
        return (place..<(place + 65_536)).contains { start in
            name.indices.allSatisfy { byte(start + Int64($0)) == name[$0] }
        }
    }
}
