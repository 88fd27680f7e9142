import Base

/// Whether a file breaks off, as a download that was not ended does: of formats that do not say how long a file is to be, by what
/// must stand at its end.
enum BrokenEnd {
    /// - Parameter format: FFmpeg's name of it.
    static func isFound(in file: RegularFile, format: String) -> Bool {
        var bytes = BlockReader(file)
        return switch format {
        case "gif": gif(&bytes)
        case "apng": bytes.lastPlace(of: Array("IEND".utf8), within: tail) == nil
        case "ogg": ogg(&bytes)
        case "mpegts": transportStream(&bytes)
        case "mpeg": programStream(&bytes)
        case "mjpeg": pictures(&bytes)
        case "yuv4mpegpipe": rawFrames(&bytes)
        case "dv": tapeFrames(&bytes)
        case _ where format.hasPrefix("mov,"): fragments(&bytes)
        // Where the segment's size is known, that is what counts.
        case _ where format.hasPrefix("matroska"):
            MatroskaSegment.end(in: file) == nil && clusters(&bytes)
        default: false
        }
    }

    /// Bytes that are looked through for the last page, pack or mark.
    private static let tail: Int64 = 256 << 10

    /// Block after block, up to the one that says that it is the last.
    private static func gif(_ bytes: inout BlockReader) -> Bool {
        func table(_ flags: UInt8) -> Int64 { flags & 0x80 != 0 ? Int64(3) << (flags & 7 + 1) : 0 }
        guard let flags = bytes.byte(10) else { return true }
        var place = 13 + table(flags)
        while let block = bytes.byte(place) {
            switch block {
            case 0x3B: return false
            case 0x21: place += 2
            case 0x2C:
                guard let flags = bytes.byte(place + 9) else { return true }
                place += 11 + table(flags)
            // Nothing that a GIF file has: damage of another kind.
            default: return false
            }
            while let length = bytes.byte(place), length > 0 { place += 1 + Int64(length) }
            place += 1
        }
        return true
    }

    /// The last page must be whole, and the last of its stream.
    private static func ogg(_ bytes: inout BlockReader) -> Bool {
        let mark = Array("OggS".utf8)
        guard let last = bytes.lastPlace(of: mark, within: tail) else { return false }
        guard let count = bytes.byte(last + 26) else { return true }
        var end = last + 27 + Int64(count)
        for segment in 0..<Int64(count) { end += Int64(bytes.byte(last + 27 + segment) ?? 0) }
        if end > bytes.size { return true }
        // Streams end one after the other.
        var place = max(0, bytes.size - tail)
        while place <= last {
            if bytes.byte(place) == mark[0], bytes.holds(mark, at: place),
                let flags = bytes.byte(place + 5), flags & 4 != 0
            {
                return false
            }
            place += 1
        }
        return true
    }

    /// Packets of one size, each of which begins with the same byte; discs put four bytes before each, and broadcasters sixteen
    /// behind it.
    private static func transportStream(_ bytes: inout BlockReader) -> Bool {
        for packet: Int64 in [188, 192, 204] {
            for rest in 0..<packet {
                let start = bytes.size - rest - packet + (packet == 192 ? 4 : 0)
                guard (0..<5).allSatisfy({ bytes.byte(start - packet * $0) == 0x47 }) else { continue }
                // What is behind the last whole packet must be the beginning of one.
                let next = start + packet
                return rest > 0 && (next >= bytes.size || bytes.byte(next) == 0x47)
            }
        }
        return false
    }

    /// From the last pack on, packet after packet.
    private static func programStream(_ bytes: inout BlockReader) -> Bool {
        guard let pack = bytes.lastPlace(of: [0, 0, 1, 0xBA], within: tail) else { return false }
        guard let kind = bytes.byte(pack + 4) else { return true }
        var place = pack + 12
        if kind & 0xC0 == 0x40 {
            guard let stuffing = bytes.byte(pack + 13) else { return true }
            place = pack + 14 + Int64(stuffing & 7)
        }
        while place < bytes.size {
            let mark: [UInt8] = [0, 0, 1]
            if bytes.holds(mark + [0xB9], at: place) { return false }
            guard bytes.holds(mark, at: place), let name = bytes.byte(place + 3), name > 0xBA,
                let length = bytes.bigEndian16(place + 4)
            else {
                // The beginning of a packet of which not even the head is there; zeros alone may be padding.
                return (3..<6).contains(bytes.size - place) && bytes.holds(mark, at: place)
            }
            place += 6 + Int64(length)
        }
        return place > bytes.size
    }

    /// A picture that began must end, where the one before it did: some cameras write no marks for that.
    private static func pictures(_ bytes: inout BlockReader) -> Bool {
        let most: Int64 = 4 << 20
        let (first, end): ([UInt8], [UInt8]) = ([0xFF, 0xD8, 0xFF], [0xFF, 0xD9])
        guard let start = bytes.lastPlace(of: first, within: most) else { return false }
        if bytes.lastPlace(of: end, within: bytes.size - start) != nil { return false }
        guard let before = bytes.lastPlace(of: first, before: start, within: most) else { return true }
        return bytes.lastPlace(of: end, before: start, within: start - before) != nil
    }

    /// YUV4MPEG2: a line of text, and frames of one size, each behind a line of its own.
    private static func rawFrames(_ bytes: inout BlockReader) -> Bool {
        guard let head = line(&bytes, at: 0), let size = frameSize(head),
            let first = line(&bytes, at: Int64(head.utf8.count) + 1), first.hasPrefix("FRAME")
        else { return false }
        return breaksOff(
            &bytes, from: Int64(head.utf8.count) + 1, unit: Int64(first.utf8.count) + 1 + size,
            mark: Array("FRAME".utf8))
    }

    private static func line(_ bytes: inout BlockReader, at place: Int64) -> String? {
        var text: [UInt8] = []
        while text.count < 1024, let byte = bytes.byte(place + Int64(text.count)) {
            if byte == 0x0A { return String(decoding: text, as: UTF8.self) }
            text.append(byte)
        }
        return nil
    }

    /// Bytes of a frame by the file's first line; nil where it does not say, or by a name that is not known.
    private static func frameSize(_ head: String) -> Int64? {
        func value(_ letter: Character) -> String? {
            head.split(separator: " ").dropFirst().first { $0.first == letter }.map { String($0.dropFirst()) }
        }
        guard let width = value("W").flatMap(Int64.init), let height = value("H").flatMap(Int64.init),
            (1...Int64(FrameReader.maximumSide)).contains(width),
            (1...Int64(FrameReader.maximumSide)).contains(height)
        else { return nil }
        let name = value("C") ?? "420"
        // As "420p10"; but 420paldv has eight bits, too.
        let digits = name.hasPrefix("mono") ? name.dropFirst(4) : name.drop { $0 != "p" }.dropFirst()
        let sample: Int64 = Int(digits).map { $0 > 8 ? 2 : 1 } ?? 1
        let (halfWidth, halfHeight) = ((width + 1) / 2, (height + 1) / 2)
        let chroma: Int64? =
            switch name.prefix(3) {
            case "420": 2 * halfWidth * halfHeight
            case "411": 2 * ((width + 3) / 4) * height
            case "422": 2 * halfWidth * height
            case "444": (name.hasPrefix("444alpha") ? 3 : 2) * width * height
            case "mon": 0
            default: nil
            }
        return chroma.map { (width * height + $0) * sample }
    }

    /// DV: frames of one size, which are made of blocks of 80 bytes, 150 of them in a sequence.
    private static func tapeFrames(_ bytes: inout BlockReader) -> Bool {
        let mark: [UInt8] = [0x1F, 0x07, 0x00]
        let sequence: Int64 = 150 * 80
        // The largest frames have four times twelve sequences.
        guard bytes.holds(mark, at: 0),
            let count = (1...48).first(where: { bytes.holds(mark, at: $0 * sequence) })
        else { return false }
        return breaksOff(&bytes, from: 0, unit: count * sequence, mark: mark)
    }

    /// Whether behind the last whole unit another one begins, of those that stand behind each other from a place on.
    private static func breaksOff(
        _ bytes: inout BlockReader, from start: Int64, unit: Int64, mark: [UInt8]
    ) -> Bool {
        let rest = (bytes.size - start) % unit
        guard bytes.size - start > unit, rest > 0 else { return false }
        return bytes.holds(Array(mark.prefix(Int(min(rest, 16)))), at: bytes.size - rest)
    }

    /// MP4 in fragments: one box behind the other, each with its size.
    private static func fragments(_ bytes: inout BlockReader) -> Bool {
        var place: Int64 = 0
        var hasFragments = false
        for _ in 0..<mostBoxes {
            guard place < bytes.size, let short = bytes.bigEndian32(place) else { break }
            if bytes.holds("moof", at: place + 4) { hasFragments = true }
            var length = Int64(short)
            if short == 1 {
                guard let high = bytes.bigEndian32(place + 8), let low = bytes.bigEndian32(place + 12),
                    high < 1 << 30
                else { return hasFragments }
                length = Int64(high) << 32 | Int64(low)
            }
            // No box, or one up to the end of the file.
            if length < 8 { return false }
            place += length
        }
        return hasFragments && place > bytes.size
    }

    /// Of an hour and more in fragments of a frame each.
    private static let mostBoxes = 1 << 19

    /// Matroska as it is written live: from the last cluster on, element after element.
    private static func clusters(_ bytes: inout BlockReader) -> Bool {
        let (cluster, time): ([UInt8], UInt8) = ([0x1F, 0x43, 0xB6, 0x75], 0xE7)
        var before = bytes.size
        while let found = bytes.lastPlace(of: cluster, before: before, within: 8 << 20) {
            // Pictures may hold the same four bytes.
            if let size = MatroskaSegment.size(&bytes, at: found + 4), bytes.byte(size.end) == time {
                return elements(&bytes, from: size.end, inside: cluster)
            }
            before = found
        }
        return false
    }

    /// Whether the last element from a place on is not all there.
    private static func elements(_ bytes: inout BlockReader, from start: Int64, inside cluster: [UInt8])
        -> Bool
    {
        var place = start
        while place < bytes.size, let first = bytes.byte(place) {
            let length = Int64(first.leadingZeroBitCount) + 1
            // Nothing that Matroska has: what others put behind the film.
            guard length <= 4 else { return false }
            guard let size = MatroskaSegment.size(&bytes, at: place + length) else {
                return place + length + 8 >= bytes.size
            }
            if bytes.holds(cluster, at: place) {
                place = size.end
            } else {
                guard let count = size.count else { return false }
                let (end, isTooLarge) = size.end.addingReportingOverflow(count)
                if isTooLarge { return true }
                place = end
            }
        }
        return place > bytes.size
    }
}
