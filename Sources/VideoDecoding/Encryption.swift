internal import CFFmpeg

import Base

/// Tells whether a stream is encrypted: its decoder would make grey and green pictures of it, which look like those of any
/// other one.
enum Encryption {
    static func error(_ path: String, _ how: String) -> VideoError {
        VideoError(path: path, reason: .encrypted, detail: "its video is encrypted (\(how))")
    }

    /// MP4 says it packet by packet (common encryption).
    static func isEncrypted(_ packet: UnsafePointer<AVPacket>) -> Bool {
        guard packet.pointee.side_data_elems > 0 else { return false }
        var size = 0
        return av_packet_get_side_data(packet, AV_PKT_DATA_ENCRYPTION_INFO, &size) != nil
    }

    /// What the container says of the whole stream, or its bytes show; nil if it is not encrypted.
    static func scheme(
        of stream: UnsafePointer<AVStream>, format: String, file: RegularFile
    ) -> String? {
        let tag = stream.pointee.codecpar.pointee.codec_tag
        if let name = tags[tag] { return name }
        if av_dict_get(stream.pointee.metadata, "enc_key_id", nil, 0) != nil { return "Matroska" }
        switch format {
        case "mpegts":
            return isScrambled(file) { share(ofTransportPackets: $0, identifier: Int(stream.pointee.id)) }
                ? "scrambled transport stream" : nil
        case "mpeg":
            return isScrambled(file, share: share(ofProgramPackets:)) ? "scrambled disc" : nil
        case "asf":
            let (head, _) = part(of: file, at: 0)
            return protections.contains { head.contains($0) } ? "Windows Media" : nil
        default: return nil
        }
    }

    /// Sample entries of MP4 files whose true format is hidden.
    private static let tags: [UInt32: String] = [
        0x7663_6E65: "common encryption",  // encv
        0x696D_7264: "iTunes",  // drmi
    ]

    /// Objects of an ASF header: content encryption, the same extended.
    private static let protections: [[UInt8]] = [
        [0xFB, 0xB3, 0x11, 0x22, 0x23, 0xBD, 0xD2, 0x11, 0xB4, 0xB7, 0x00, 0xA0, 0xC9, 0x55, 0xFC, 0x6E],
        [0x14, 0xE6, 0x8A, 0x29, 0x22, 0x26, 0x17, 0x4C, 0xB9, 0x35, 0xDA, 0xE0, 0x7E, 0xE9, 0x28, 0x9C],
    ]

    // MARK: - Broadcasts and discs, which mark each packet

    private typealias Share = (marked: Int, all: Int)
    private static let partSize = 256 << 10

    /// Whether most packets are marked: at the start, in the middle, and near the end.
    private static func isScrambled(_ file: RegularFile, share: ([UInt8]) -> Share) -> Bool {
        var (marked, all) = (0, 0)
        for place in [0, file.size / 2, file.size - Int64(partSize)] where place >= 0 {
            let found = share(part(of: file, at: place).bytes)
            marked += found.marked
            all += found.all
        }
        return marked * 2 > all
    }

    private static func part(of file: RegularFile, at offset: Int64) -> (bytes: [UInt8], count: Int) {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: partSize) { buffer, filled in
            count = max(0, file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset))
            filled = count
        }
        return (bytes, count)
    }

    /// Packets of 188 bytes (behind four more in M2TS) begin with 0x47; two bits say whether they are scrambled.
    private static func share(ofTransportPackets bytes: [UInt8], identifier: Int) -> Share {
        var found = Share(0, 0)
        var place = 0
        while place + 192 + 4 < bytes.count {
            let step = bytes[place + 188] == 0x47 ? 188 : bytes[place + 192] == 0x47 ? 192 : 0
            guard bytes[place] == 0x47, step > 0 else {
                place += 1
                continue
            }
            if Int(bytes[place + 1] & 0x1F) << 8 | Int(bytes[place + 2]) == identifier {
                found.all += 1
                if bytes[place + 3] & 0xC0 != 0 { found.marked += 1 }
            }
            place += step
        }
        return found
    }

    /// Packets of a video stream (0xE0 to 0xEF); two bits of their header say whether they are scrambled.
    private static func share(ofProgramPackets bytes: [UInt8]) -> Share {
        var found = Share(0, 0)
        var place = 0
        while place + 9 < bytes.count {
            guard bytes[place] == 0, bytes[place + 1] == 0, bytes[place + 2] == 1,
                bytes[place + 3] & 0xF0 == 0xE0, bytes[place + 6] & 0xC0 == 0x80
            else {
                place += 1
                continue
            }
            found.all += 1
            if bytes[place + 6] & 0x30 != 0 { found.marked += 1 }
            // Whole packets are passed over, where their length is said: pictures may look like headers.
            place += max(9, min(6 + (Int(bytes[place + 4]) << 8 | Int(bytes[place + 5])), 2048))
        }
        return found
    }
}

extension [UInt8] {
    fileprivate func contains(_ pattern: [UInt8]) -> Bool {
        guard count >= pattern.count else { return false }
        return (0...(count - pattern.count)).contains {
            self[$0] == pattern[0] && self[$0...].starts(with: pattern)
        }
    }
}
