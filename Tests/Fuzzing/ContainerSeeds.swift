/// Files of the kinds that are looked into beside FFmpeg: for what they hold, how long they are, and whether they are
/// encrypted. Short ones; `tools/break/fuzz` draws whole films of these kinds.
enum ContainerSeeds {
    static var all: [[UInt8]] {
        [film(), film(dropping: 3), film(claiming: 1 << 30), Array(film().prefix(900))]
            + [photo("heic"), photo("avif"), photo("heic") + box("mpvd", box("ftyp", bytes("isom")))]
            + [flash, windowsMedia, jpeg + jpeg + jpeg, jpeg + box("ftyp", bytes("mp42")), transport]
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static func little(_ value: Int, _ count: Int = 4) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    // MARK: - AVI

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        bytes(name) + little(content.count) + content + (content.count % 2 == 0 ? [] : [0])
    }

    /// Eight frames a second of 8 × 8 pixels without compression, of which a camera dropped some.
    private static func film(dropping dropped: Int = 0, claiming length: Int = 9) -> [UInt8] {
        let main = [125_000, 0, 0, 16, length, 0, 1, 0, 8, 8, 0, 0, 0, 0].flatMap { little($0) }
        let stream =
            bytes("vidsDIB ") + [0, 0, 0, 1, 8, 0, length, 0, 0, 0].flatMap { little($0) }
            + [0, 0, 8, 8].flatMap { little($0, 2) }
        let format =
            little(40) + little(8) + little(8) + little(1, 2) + little(24, 2)
            + [0, 192, 0, 0, 0, 0].flatMap { little($0) }
        let streams = chunk("LIST", bytes("strl") + chunk("strh", stream) + chunk("strf", format))
        let header = chunk("LIST", bytes("hdrl") + chunk("avih", main) + streams)
        var film = bytes("movi")
        var index: [UInt8] = []
        for frame in 0..<9 {
            for isDropped in Array(repeating: true, count: frame == 4 ? dropped : 0) + [false] {
                let content = isDropped ? [] : [UInt8](repeating: UInt8(25 * frame), count: 192)
                index += bytes("00db") + little(16) + little(film.count) + little(content.count)
                film += chunk("00db", content)
            }
        }
        return chunk("RIFF", bytes("AVI ") + header + chunk("LIST", film) + chunk("idx1", index))
    }

    // MARK: - Photos

    private static func box(_ name: String, _ content: [UInt8]) -> [UInt8] {
        little(content.count + 8).reversed() + bytes(name) + content
    }

    private static func photo(_ brand: String) -> [UInt8] {
        box("ftyp", bytes(brand) + [0, 0, 0, 0] + bytes("mif1"))
            + box("meta", [UInt8](repeating: 0, count: 40)) + box("mdat", [1, 2, 3, 4])
    }

    /// A grey picture of 8 × 8 pixels.
    private static let jpeg: [UInt8] =
        [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
        + [0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]
        + [0xFF, 0xC4, 0, 20, 0, 1] + [UInt8](repeating: 0, count: 15) + [0]
        + [0xFF, 0xC4, 0, 20, 0x10, 1] + [UInt8](repeating: 0, count: 15) + [0]
        + [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x3F, 0xFF, 0xD9]

    // MARK: - What says its size, or that it is encrypted

    private static let flash: [UInt8] =
        bytes("FLV") + [1, 1, 0, 0, 0, 9, 0, 0, 0, 0] + [18, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0]
        + [2, 0, 10] + bytes("onMetaData") + [8, 0, 0, 0, 1, 0, 8] + bytes("filesize")
        + [0, 0x41, 0x2E, 0x84, 0x80, 0, 0, 0, 0, 0, 0, 9] + [0, 0, 0, 51]

    /// The header's name, and of its objects those of the file's facts and of encryption.
    private static let windowsMedia: [UInt8] =
        [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C]
        + little(174, 8) + little(2) + [1, 2]
        + [0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11, 0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65]
        + little(104, 8) + [UInt8](repeating: 0, count: 16) + little(1 << 20, 8)
        + [UInt8](repeating: 0, count: 56)
        + [0xFB, 0xB3, 0x11, 0x22, 0x23, 0xBD, 0xD2, 0x11, 0xB4, 0xB7, 0x00, 0xA0, 0xC9, 0x55, 0xFC, 0x6E]
        + little(40, 8) + [UInt8](repeating: 0, count: 16)

    /// Packets of a broadcast whose video is scrambled.
    private static let transport: [UInt8] = (0..<8).flatMap { number -> [UInt8] in
        [0x47, 0x41, 0x00, 0x90 | UInt8(number)] + [0, 0, 1, 0xE0, 0, 0, 0x80, 0, 0]
            + [UInt8](repeating: UInt8(truncatingIfNeeded: 37 * number), count: 175)
    }
}
