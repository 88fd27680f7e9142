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

    /// A picture that began must end.
    private static func pictures(_ bytes: inout BlockReader) -> Bool {
        let most: Int64 = 4 << 20
        guard let start = bytes.lastPlace(of: [0xFF, 0xD8, 0xFF], within: most) else { return false }
        return (bytes.lastPlace(of: [0xFF, 0xD9], within: bytes.size - start) ?? 0) < start
    }
}
