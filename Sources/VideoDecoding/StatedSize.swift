import Base

/// How many bytes a file says that it has: where a download broke off, fewer are there.
enum StatedSize {
    /// Nil where the format, FFmpeg's name of which this is, does not say, or a recorder never came to write it.
    static func bytes(of file: RegularFile, format: String) -> Int64? {
        switch format {
        case "avi": riff(file)
        case "flv", "live_flv": flash(file)
        case "asf": windowsMedia(file)
        default: format.hasPrefix("matroska") ? MatroskaSegment.end(in: file) : nil
        }
    }

    private static func head(of file: RegularFile, at offset: Int64, _ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset))
        }
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// AVI: one RIFF chunk behind the other, each with its size.
    private static func riff(_ file: RegularFile) -> Int64? {
        var place: Int64 = 0
        for _ in 0..<mostChunks {
            let head = head(of: file, at: place, 8)
            guard head.count == 8, head.starts(with: "RIFF".utf8) else { return place > 0 ? place : nil }
            let size = number(head[4...].reversed())
            guard size > 8, size < UInt32.max else { return nil }
            place += 8 + Int64(size + size % 2)
            // The byte that makes the last chunk even may be missing.
            if place > file.size { return place - file.size > 1 ? place : nil }
        }
        return nil
    }

    /// RIFF chunks that are looked at: one holds a gigabyte or more of film.
    private static let mostChunks = 4096

    /// Flash: a number called "filesize" in the list of facts at the start.
    private static func flash(_ file: RegularFile) -> Int64? {
        let head = head(of: file, at: 0, 4096)
        // The type of a number, 0, stands between the name and its eight bytes.
        guard let place = place(of: Array("filesize".utf8) + [0], in: head), place + 17 <= head.count else {
            return nil
        }
        return Int64(exactly: Double(bitPattern: number(head[(place + 9)..<(place + 17)])).rounded(.down))
    }

    private static let fileProperties: [UInt8] = [
        0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11, 0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65,
    ]

    /// Windows Media: an object of the header, valid but for live streams.
    private static func windowsMedia(_ file: RegularFile) -> Int64? {
        let head = head(of: file, at: 0, 64 << 10)
        guard let place = place(of: fileProperties, in: head), place + 92 <= head.count,
            head[place + 88] & 1 == 0
        else { return nil }
        return Int64(exactly: number(head[(place + 40)..<(place + 48)].reversed()))
    }

    private static func place(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...(bytes.count - pattern.count)).first {
            bytes[$0] == pattern[0] && bytes[$0...].starts(with: pattern)
        }
    }
}
