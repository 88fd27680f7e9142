internal import CFFmpeg

import Base

/// Which demuxers are used, and which stream of a file is its video.
struct StreamChoice {
    /// A stream of pictures, and how much speaks for it.
    struct Candidate {
        let stream: UnsafeMutablePointer<AVStream>
        /// Whether it has many pictures; of a lone stream that is not looked at.
        let isFilm: Bool
        /// Whether it says that it shows one picture beside the sound.
        let isPicture: Bool
        fileprivate let rank: [Int64]
    }

    /// In the file's order.
    let candidates: [Candidate]
    let stream: UnsafeMutablePointer<AVStream>

    /// Streams of films beside the one that is read.
    var otherFilms: Int { candidates.count { $0.isFilm && $0.stream != stream } }

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
        if jpegs.contains(name) {
            let pictures = JPEGSequence(file)
            if pictures.isVideo { return nil }
            if pictures.isMotionPhoto { return (.noVideoStream, motionPhoto) }
        }
        if name.hasPrefix("mov,"), let kind = PhotoContainer.kind(of: file) {
            return (.noVideoStream, kind == .photo ? photo : motionPhoto)
        }
        if name == "webp_pipe", isAnimatedWebP(file) {
            return (
                .unsupportedCodec,
                "FFmpeg has no decoder for animated WebP; convert the file to another format"
            )
        }
        if name.hasSuffix("_pipe") || name == "ico" || name == "image2" {
            return (.noVideoStream, photo)
        }
        return nil
    }

    /// Whether a format's demuxer hands out the one picture that a file is, from its bytes alone: `image2` opens files by their names.
    static func isPicture(_ format: UnsafePointer<AVInputFormat>) -> Bool {
        let name = String(cString: format.pointee.name)
        return ["jpeg", "png", "webp", "bmp", "tiff"].contains { name == $0 + StreamFacts.pictureEnding }
    }

    private static let photo = "no video stream (a still image)"
    private static let motionPhoto = "no video stream (a photo; the moving part within it is not read)"

    /// Container: RIFF, WEBP, VP8X chunk; bit 1 of its flags says that frames follow.
    private static func isAnimatedWebP(_ file: RegularFile) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 21, alignment: 1) { header in
            file.read(into: header, at: 0) == 21 && header[12..<16].elementsEqual("VP8X".utf8)
                && header[20] & 2 != 0
        }
    }

    /// The demuxers of single pictures that JPEG files come to, by their bytes or their names.
    private static let jpegs = ["jpeg_pipe", "image2"]

    /// The demuxer to use instead of the one that FFmpeg's probe chose.
    static func format(
        insteadOf format: UnsafePointer<AVInputFormat>
    ) -> UnsafePointer<AVInputFormat> {
        // One picture behind the other, of which the probe has seen the first.
        guard jpegs.contains(String(cString: format.pointee.name)) else { return format }
        return av_find_input_format("mjpeg") ?? format
    }

    /// Streams that say they show one picture beside the sound, not a video.
    private static let pictures =
        AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_STILL_IMAGE | AV_DISPOSITION_TIMED_THUMBNAILS

    /// The streams of pictures, in the file's order.
    private static func streams(
        in context: UnsafePointer<AVFormatContext>
    ) -> [UnsafeMutablePointer<AVStream>] {
        (0..<Int(context.pointee.nb_streams)).compactMap { index in
            guard let stream = context.pointee.streams[index],
                stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
            else { return nil }
            return stream
        }
    }

    private static func hasSound(_ context: UnsafePointer<AVFormatContext>) -> Bool {
        (0..<Int(context.pointee.nb_streams)).contains {
            context.pointee.streams[$0]?.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_AUDIO
        }
    }

    /// Whether `choose` must know how many pictures each stream has: flags lie, and so do sizes.
    static func needsCensus(_ context: UnsafePointer<AVFormatContext>) -> Bool {
        let found = streams(in: context)
        return found.count > 1 || found.contains { $0.pointee.disposition & pictures != 0 }
    }

    /// The video stream: a film before a poster (a stream of one picture, or of few beside many), one that can be decoded
    /// before one that cannot, one that is not said to be a picture, one that needs no other, then the default one, then the
    /// one with most pixels, then the first.
    ///
    /// - Parameters:
    ///   - census: pictures of each stream, by its number, among the first of the file; empty where
    ///     that does not matter.
    ///   - wanted: the number of the stream to take in any case; nil for the main one.
    init(
        from context: UnsafePointer<AVFormatContext>, census: [Int32: Int], wanted: Int?, path: String
    ) throws(VideoError) {
        candidates = Self.candidates(in: context, census: census)
        if let wanted {
            guard let found = candidates.first(where: { $0.stream.pointee.index == wanted }) else {
                throw Self.missing(wanted, candidates, path)
            }
            stream = found.stream
        } else {
            var best: Candidate?
            for candidate in candidates where candidate.isFilm || !candidate.isPicture {
                if best.map({ $0.rank.lexicographicallyPrecedes(candidate.rank) }) ?? true {
                    best = candidate
                }
            }
            guard let best else {
                let cover = " (only a cover picture\(Self.hasSound(context) ? " beside the sound" : ""))"
                throw VideoError(
                    path: path, reason: .noVideoStream,
                    detail: "no video stream" + (candidates.isEmpty ? "" : cover))
            }
            stream = best.stream
        }
    }

    private static func candidates(
        in context: UnsafePointer<AVFormatContext>, census: [Int32: Int]
    ) -> [Candidate] {
        let most = census.values.max() ?? 0
        return streams(in: context).map { stream in
            let parameters = stream.pointee.codecpar.pointee
            let disposition = stream.pointee.disposition
            let count = census[stream.pointee.index] ?? 0
            let isPicture = disposition & pictures != 0
            let isFilm = count > 1 && count * postersShare >= most
            let rank = [
                isFilm ? 1 : 0,
                avcodec_find_decoder(parameters.codec_id) != nil ? 1 : 0,
                isPicture ? 0 : 1,
                disposition & AV_DISPOSITION_DEPENDENT == 0 ? 1 : 0,
                disposition & AV_DISPOSITION_DEFAULT != 0 ? 1 : 0,
                Int64(parameters.width) * Int64(parameters.height),
            ]
            return Candidate(stream: stream, isFilm: isFilm, isPicture: isPicture, rank: rank)
        }
    }

    private static func missing(_ wanted: Int, _ candidates: [Candidate], _ path: String) -> VideoError {
        let numbers = candidates.map { String($0.stream.pointee.index) }.joined(separator: ", ")
        let others = numbers.isEmpty ? "it has none" : "those of pictures are \(numbers)"
        return VideoError(
            path: path, reason: .noVideoStream, detail: "stream \(wanted) is no video stream (\(others))")
    }

    /// A stream with fewer pictures than one in so many of another's is a poster, or a row of them.
    private static let postersShare = 8

    /// Counts the pictures of each video stream, where the container does not say: among its first packets.
    static func census(_ demuxer: Demuxer) -> [Int32: Int] {
        let context = demuxer.pointer
        let streams = streams(in: context)
        var counts: [Int32: Int] = [:]
        // An MP4 file's index holds them all; elsewhere the number is a claim.
        if String(cString: context.pointee.iformat.pointee.name).hasPrefix("mov,") {
            for stream in streams where stream.pointee.nb_frames > 0 {
                counts[stream.pointee.index] = Int(stream.pointee.nb_frames)
            }
            if counts.count == streams.count { return counts }
            counts = [:]
        }
        for index in 0..<Int(context.pointee.nb_streams) {
            guard let stream = context.pointee.streams[index] else { continue }
            stream.pointee.discard = streams.contains(stream) ? AVDISCARD_DEFAULT : AVDISCARD_ALL
        }
        let packet = Packet()
        var bytes = 0
        var packets = 0
        // Enough that a film shows itself beside a row of posters.
        while bytes < 64 << 20, packets < 2048, av_read_frame(context, packet.pointer) >= 0 {
            counts[packet.pointer.pointee.stream_index, default: 0] += 1
            bytes += Int(packet.pointer.pointee.size)
            packets += 1
            av_packet_unref(packet.pointer)
            if streams.allSatisfy({ counts[$0.pointee.index, default: 0] >= 32 }) { break }
            if counts.values.contains(where: { $0 >= 256 }) { break }
        }
        return counts
    }

    /// What a stream's codec is called: by FFmpeg, or else by the container.
    static func codecName(_ stream: UnsafePointer<AVStream>) -> String {
        let parameters = stream.pointee.codecpar.pointee
        if parameters.codec_id != AV_CODEC_ID_NONE {
            return String(cString: avcodec_get_name(parameters.codec_id))
        }
        if parameters.codec_tag == 0 { return "one that it does not know" }
        let letters = (0..<4).map { UInt8(truncatingIfNeeded: parameters.codec_tag >> (8 * $0)) }
        let isPlain = letters.allSatisfy { (0x20...0x7E).contains($0) }
        return isPlain
            ? "\"" + String(decoding: letters, as: UTF8.self) + "\"" : "number \(parameters.codec_tag)"
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
