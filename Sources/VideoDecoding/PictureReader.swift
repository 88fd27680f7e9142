internal import CFFmpeg

import Base

/// Reads still pictures: JPEG and PNG, decoded by FFmpeg from the file's bytes alone.
///
/// No demuxer is involved: FFmpeg's demuxers for pictures open further files by the pattern of a name.
public struct PictureReader: Sendable {
    /// Larger files are refused.
    private static let maximumBytes: Int64 = 256 << 20

    /// Without choices.
    public init() {}

    /// The picture at the geometry's size, height × width × 3 RGB bytes, turned where the decoder says so.
    /// - Parameter timeLimit: seconds; it is looked at between the steps, since a picture cannot be decoded in parts.
    public func readStill(
        path: String, geometry: FrameGeometry, timeLimit: Double
    ) throws(VideoError) -> [UInt8] {
        let file = try RegularFile(path: path)
        guard file.size <= Self.maximumBytes else {
            throw VideoError(
                path: path, reason: .tooLarge,
                detail: "\(file.size) bytes are too many for a picture; at most \(Self.maximumBytes) are read"
            )
        }
        let interruption = Interruption(timeLimit: timeLimit, growth: 0, isCancelled: { false })
        interruption.resume()
        let packet = Packet()
        guard av_new_packet(packet.pointer, Int32(file.size)) == 0 else {
            throw VideoError(path: path, reason: .readFailed, detail: "there is no memory for the picture")
        }
        let bytes = UnsafeMutableRawBufferPointer(start: packet.pointer.pointee.data, count: Int(file.size))
        let count = file.read(into: bytes, at: 0)
        guard count == bytes.count else {
            let why = count < 0 ? SystemError.message(Int32(clamping: -count)) : "it became shorter"
            throw VideoError(path: path, reason: .readFailed, detail: "cannot read the file: \(why)")
        }
        try interruption.check(path: path)
        let frame = try Self.decode(
            packet, identifier: try Self.codec(UnsafeRawBufferPointer(bytes), path), path)
        try interruption.check(path: path)
        let converter = PictureConverter(geometry: geometry)
        let picture = converter.convert(frame.pointer, orientation: Self.orientation(frame), sampleAspect: 1)
        guard let picture else {
            throw VideoError(
                path: path, reason: .damaged, detail: "the picture cannot be converted to RGB")
        }
        return Array(picture)
    }

    private static func orientation(_ frame: Frame) -> Orientation {
        let side = av_frame_get_side_data(frame.pointer, AV_FRAME_DATA_DISPLAYMATRIX)
        guard let side, side.pointee.size >= 36, let data = side.pointee.data else {
            return Orientation(matrix: nil)
        }
        return data.withMemoryRebound(to: Int32.self, capacity: 9) { Orientation(matrix: $0) }
    }

    /// By the first bytes, whatever the name says.
    private static func codec(_ bytes: UnsafeRawBufferPointer, _ path: String) throws(VideoError) -> AVCodecID
    {
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return AV_CODEC_ID_MJPEG }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return AV_CODEC_ID_PNG }
        throw VideoError(path: path, reason: .unrecognised, detail: "neither a JPEG nor a PNG picture")
    }

    private static func decode(
        _ packet: Packet, identifier: AVCodecID, _ path: String
    ) throws(VideoError) -> Frame {
        guard let codec = avcodec_find_decoder(identifier) else {
            throw VideoError(path: path, reason: .unsupportedCodec, detail: "FFmpeg has no decoder for it")
        }
        _ = FrameReader.silence
        guard let decoder = Decoder.open(codec, maximumPixels: FrameReader.maximumPixels) else {
            throw VideoError(path: path, reason: .unsupportedCodec, detail: "its decoder cannot be opened")
        }
        let frame = Frame()
        mixtape_log_clear()
        guard avcodec_send_packet(decoder.pointer, packet.pointer) >= 0,
            avcodec_send_packet(decoder.pointer, nil) >= 0,
            avcodec_receive_frame(decoder.pointer, frame.pointer) >= 0,
            frame.pointer.pointee.width > 0, frame.pointer.pointee.height > 0
        else {
            throw VideoError(
                path: path, reason: .damaged,
                detail: "the picture is damaged or cut off" + FrameReader.explanation(0))
        }
        let (width, height) = (frame.pointer.pointee.width, frame.pointer.pointee.height)
        guard width <= FrameReader.maximumSide, height <= FrameReader.maximumSide else {
            throw VideoError(
                path: path, reason: .tooLarge,
                detail: "the picture has \(width)×\(height) pixels; at most "
                    + "\(FrameReader.maximumSide) a side are read")
        }
        return frame
    }
}
