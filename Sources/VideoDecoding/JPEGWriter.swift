internal import CFFmpeg

/// Writes pictures as JPEG, by FFmpeg's own encoder.
enum JPEGWriter {
    /// FFmpeg's quantiser scale, 2 (best) to 31: about what cameras call 85 of 100.
    private static let quantiser: Int32 = 4

    /// - Parameters:
    ///   - picture: RGB, height × width × 3 bytes, row by row.
    /// - Returns: the file's bytes; nil where FFmpeg cannot make them.
    static func encode(_ picture: UnsafeBufferPointer<UInt8>, width: Int, height: Int) -> [UInt8]? {
        precondition(picture.count == width * height * 3, "the picture has another size")
        // JPEG is of full range, with BT.601's matrix: what the format says in its name and swscale takes by default.
        let format = AV_PIX_FMT_YUVJ420P
        let quality = quantiser * FF_QP2LAMBDA
        let frame = Frame()
        frame.pointer.pointee.width = Int32(width)
        frame.pointer.pointee.height = Int32(height)
        frame.pointer.pointee.format = format.rawValue
        frame.pointer.pointee.quality = quality
        frame.pointer.pointee.pts = 0
        guard av_frame_get_buffer(frame.pointer, 0) >= 0,
            let scaler = Scaler(
                width: Int32(width), height: Int32(height), format: AV_PIX_FMT_RGB24, toWidth: Int32(width),
                toHeight: Int32(height), toFormat: format, flags: SWS_AREA | SWS_ACCURATE_RND),
            let encoder = Encoder.open(
                AV_CODEC_ID_MJPEG, width: width, height: height, format: format, quality: quality)
        else { return nil }
        let data = frame.pointer.pointee.data
        let sizes = frame.pointer.pointee.linesize
        let target: [UnsafeMutablePointer<UInt8>?] = [data.0, data.1, data.2, nil]
        let written = sws_scale(
            scaler.pointer, [picture.baseAddress, nil, nil, nil], [Int32(width * 3), 0, 0, 0], 0,
            Int32(height),
            target, [sizes.0, sizes.1, sizes.2, 0])
        let packet = Packet()
        guard written == Int32(height), avcodec_send_frame(encoder.pointer, frame.pointer) >= 0,
            avcodec_send_frame(encoder.pointer, nil) >= 0,
            avcodec_receive_packet(encoder.pointer, packet.pointer) >= 0,
            let bytes = packet.pointer.pointee.data
        else { return nil }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(packet.pointer.pointee.size)))
    }
}
