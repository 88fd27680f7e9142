internal import CFFmpeg

/// Which demuxers are used, and which stream of a file is its video.
enum StreamChoice {
    /// Text that names other files or hosts; none of it is a video itself.
    private static let playlists = ["hls", "concat", "dash", "imf", "sdp", "rtsp", "rtp", "asf_redir"]
    /// Text art, and formats that are recognised by a file's name alone.
    private static let texts = ["tty", "bin", "xbin", "adf", "idf", "rawvideo", "ffmetadata"]

    /// Why a recognised container is not read; nil where it is.
    static func refusal(
        of format: UnsafePointer<AVInputFormat>, file: RegularFile
    ) -> (VideoError.Reason, String)? {
        let name = String(cString: format.pointee.name)
        let names = name.split(separator: ",")
        if names.contains(where: { playlists.contains(String($0)) }) {
            return (.unrecognised, "a playlist (\(name)), not a video; pass the files that it names")
        }
        if names.contains(where: { texts.contains(String($0)) }) {
            return (.unrecognised, "not a video (read as \(name))")
        }
        if name == "webp_pipe", isAnimatedWebP(file) {
            return (
                .unsupportedCodec,
                "FFmpeg has no decoder for animated WebP; convert the file to another format"
            )
        }
        if name.hasSuffix("_pipe") || name == "ico" || name == "image2" {
            return (.noVideoStream, "no video stream (a still image)")
        }
        return nil
    }

    /// Container: RIFF, WEBP, VP8X chunk; bit 1 of its flags says that frames follow.
    private static func isAnimatedWebP(_ file: RegularFile) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 21, alignment: 1) { header in
            file.read(into: header, at: 0) == 21 && header[12..<16].elementsEqual("VP8X".utf8)
                && header[20] & 2 != 0
        }
    }

    /// Streams that show one picture beside the sound, not a video.
    private static let pictures =
        AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_STILL_IMAGE | AV_DISPOSITION_TIMED_THUMBNAILS

    /// The video stream: one that can be decoded before one that cannot, then the default one, then
    /// the one with most pixels, then the first.
    static func choose(
        from context: UnsafePointer<AVFormatContext>, path: String
    ) throws(VideoError) -> UnsafeMutablePointer<AVStream> {
        var best: (stream: UnsafeMutablePointer<AVStream>, rank: (Int, Int, Int64))?
        var hasPicture = false
        for index in 0..<Int(context.pointee.nb_streams) {
            guard let stream = context.pointee.streams[index], let parameters = stream.pointee.codecpar,
                parameters.pointee.codec_type == AVMEDIA_TYPE_VIDEO
            else { continue }
            if stream.pointee.disposition & pictures != 0 {
                hasPicture = true
                continue
            }
            let rank = (
                avcodec_find_decoder(parameters.pointee.codec_id) != nil ? 1 : 0,
                stream.pointee.disposition & AV_DISPOSITION_DEFAULT != 0 ? 1 : 0,
                Int64(parameters.pointee.width) * Int64(parameters.pointee.height)
            )
            if best.map({ rank > $0.rank }) ?? true { best = (stream, rank) }
        }
        if let best { return best.stream }
        let detail =
            hasPicture ? "no video stream (only a cover picture beside the sound)" : "no video stream"
        throw VideoError(path: path, reason: .noVideoStream, detail: detail)
    }

    /// FFmpeg's own VP8 and VP9 decoders ignore the transparency that a WebM file may hold; libvpx's do not.
    static func decoder(for stream: UnsafePointer<AVStream>) -> UnsafePointer<AVCodec>? {
        let identifier = stream.pointee.codecpar.pointee.codec_id
        let hasAlpha = av_dict_get(stream.pointee.metadata, "alpha_mode", nil, 0)
        if let value = hasAlpha?.pointee.value, String(cString: value) == "1" {
            let name =
                identifier == AV_CODEC_ID_VP8 ? "libvpx" : identifier == AV_CODEC_ID_VP9 ? "libvpx-vp9" : ""
            if let codec = avcodec_find_decoder_by_name(name) { return codec }
        }
        return avcodec_find_decoder(identifier)
    }
}
