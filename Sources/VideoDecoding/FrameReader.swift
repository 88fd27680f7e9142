internal import CFFmpeg

import Base

/// A video stream's decoded frames, one by one, with their times.
final class FrameReader {
    /// Larger pictures are taken for damage; 8K has 33 million pixels.
    static let maximumPixels: Int64 = 1 << 26
    static let maximumSide: Int32 = 16_384

    let path: String
    let interruption: Interruption
    let source: ByteSource
    let demuxer: Demuxer
    private let decoder: Decoder
    let stream: UnsafeMutablePointer<AVStream>
    /// Streams of films that the file holds beside this one.
    let otherFilms: Int
    private let packets = PacketQueue()
    /// The packet that the decoder takes next.
    private var held: Packet?
    private var isDraining = false
    private var decodedAny = false
    /// Frames that were decoded, and those that are broken or concealed, with packets that gave none.
    private(set) var soundFrames = 0
    private(set) var brokenFrames = 0
    private var decoderErrors = mixtape_decoder_errors().pointee
    /// Frames, of those that come next, that may build on a broken one: all up to the next keyframe, if it is not far.
    private var tainted = 0
    private static let mostTainted = 250
    /// Frames since something was broken: a step in time near by stands for frames that are missing.
    private var framesSinceBreak = Int.max
    /// `brokenFrames` when the last frame came.
    private var brokenAtLast = 0
    private static let nearBreak = 32
    /// Stamps of packets that the demuxer marked, whose frames have not come yet.
    private var corruptStamps: Set<Int64> = []
    private var upcoming = Frame()
    private var isUpcomingWhole = true
    /// The frame on screen.
    private(set) var shown = Frame()
    /// Whether the shown frame is what the file holds: not broken, concealed, or built on such a one.
    private(set) var isShownWhole = true
    private(set) var clock: FrameClock
    private var seeker: Seeker
    /// The latest stamp of decoding that a packet had.
    private var latestDecoding = Int64.min
    /// Whether the file is MP4 in fragments.
    private lazy var isFragmented =
        String(cString: demuxer.pointer.pointee.iformat.pointee.name).hasPrefix("mov,")
        && MP4Boxes(source.file, upTo: ["moof"]).holds("moof")

    /// Opens the container and the decoder; throws a typed error if the file is not a video.
    ///
    /// - Parameters:
    ///   - wanted: the number of the stream to read; nil for the main one.
    ///   - admitsPictures: whether a still picture is a video of one frame.
    init(
        file: RegularFile, interruption: Interruption, threads: Int, stream wanted: Int? = nil,
        admitsPictures: Bool = false
    ) throws(VideoError) {
        _ = Self.silence
        mixtape_log_clear()
        path = file.path
        self.interruption = interruption
        let opened = try OpenedFile(
            file, wanting: wanted, admitsPictures: admitsPictures, interruption: interruption)
        (source, demuxer, stream) = (opened.source, opened.demuxer, opened.choice.stream)
        otherFilms = opened.choice.otherFilms
        let format = opened.format
        if let scheme = Encryption.scheme(of: stream, format: format, file: file) {
            throw Encryption.error(path, scheme)
        }
        for index in 0..<Int(demuxer.pointer.pointee.nb_streams) {
            guard let other = demuxer.pointer.pointee.streams[index] else { continue }
            other.pointee.discard = other == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL
        }
        decoder = try Self.openDecoder(stream, path: path, threads: threads)
        let isTrusted = format.hasPrefix("mov,") || format.hasPrefix("matroska")
        clock = FrameClock(
            isTrusted: isTrusted, unit: Self.seconds(stream.pointee.time_base),
            frameRate: opened.statedRate ?? Self.pace(stream))
        seeker = Seeker(isPossible: isTrusted, loadsIndexLate: format.hasPrefix("matroska"))
    }

    /// FFmpeg's log is the whole process's.
    static let silence: Void = mixtape_log_install()

    private static func openDecoder(
        _ stream: UnsafeMutablePointer<AVStream>, path: String, threads: Int
    ) throws(VideoError) -> Decoder {
        let parameters = stream.pointee.codecpar.pointee
        guard let codec = StreamChoice.decoder(for: stream) else {
            throw VideoError(
                path: path, reason: .unsupportedCodec,
                detail: "FFmpeg has no decoder for its codec (\(StreamChoice.codecName(stream)))")
        }
        guard parameters.width <= maximumSide, parameters.height <= maximumSide,
            Int64(parameters.width) * Int64(parameters.height) <= maximumPixels
        else {
            throw VideoError(
                path: path, reason: .tooLarge,
                detail: "its pictures claim \(parameters.width)×\(parameters.height) pixels; "
                    + "the limits are \(maximumSide) per side and \(maximumPixels) in all")
        }
        var result: Int32 = 0
        let decoder = Decoder.open(
            codec, stream: stream, threads: threads, maximumPixels: maximumPixels, result: &result)
        guard let decoder else {
            throw VideoError(
                path: path, reason: .damaged, detail: "its decoder cannot be opened" + explanation(result))
        }
        return decoder
    }

    /// Decodes the next frame and gives its time; nil at the end of the video. `shown` stays as it is.
    func advance() throws(VideoError) -> Double? {
        while try decode() {
            let frame = upcoming.pointer
            guard frame.pointee.width > 0, frame.pointee.height > 0 else { continue }
            // The best guess changes from presentation to decoding times where the former go wrong, which the clock mends.
            let exact = frame.pointee.pts
            let stamp = exact != mixtape_no_timestamp ? exact : frame.pointee.best_effort_timestamp
            if stamp != mixtape_no_timestamp { packets.noteFrame(stamp) }
            let (before, brokenBefore) = (clock.end, brokenAtLast)
            let time = try clock.place(
                stamp: stamp == mixtape_no_timestamp ? nil : stamp, duration: frame.pointee.pkt_duration,
                bytesBefore: Self.bytes(between: shown.pointer.pointee, and: frame.pointee)
            ) { (count) throws(VideoError) in try packets.outlook(count, readPacket(into:)) }
            guard let time else { continue }
            decodedAny = true
            // Some decoders log what they conceal, and do not mark the frame.
            let errors = mixtape_decoder_errors().pointee
            if isUpcomingSound, errors == decoderErrors { soundFrames += 1 } else { brokenFrames += 1 }
            decoderErrors = errors
            noteMissing(from: before, to: time, noted: brokenFrames - brokenBefore)
            brokenAtLast = brokenFrames
            noteWholeness(stamp)
            return time
        }
        if !decodedAny { throw noFrameError() }
        return nil
    }

    /// Bytes that are neither frame's, from one's packet to the other's; nil where the file does not say.
    private static func bytes(between first: AVFrame, and second: AVFrame) -> Int64? {
        guard first.pkt_pos >= 0, second.pkt_pos >= 0 else { return nil }
        return second.pkt_pos - first.pkt_pos - Int64(first.pkt_size)
    }

    /// Frames that went with what is broken leave a gap.
    ///
    /// - Parameter noted: of them, those that were counted when they were refused.
    private func noteMissing(from end: Double, to time: Double, noted: Int) {
        let missing = (time - end) / clock.nominalDuration
        if framesSinceBreak < Self.nearBreak, missing > 1.5 {
            brokenFrames += max(0, Int(min(missing, 1e6)) - noted)
        }
        framesSinceBreak &+= framesSinceBreak < Int.max ? 1 : 0
    }

    /// By what the decoder marks and refuses alone: when it logs something depends on its threads.
    private func noteWholeness(_ stamp: Int64) {
        let frame = upcoming.pointer.pointee
        let isKey = frame.key_frame != 0 || frame.pict_type == AV_PICTURE_TYPE_I
        let isPredicted = frame.pict_type == AV_PICTURE_TYPE_P || frame.pict_type == AV_PICTURE_TYPE_B
        let isFirst = soundFrames + brokenFrames == 1
        if !isUpcomingSound || corruptStamps.remove(stamp) != nil || (isFirst && isPredicted && !isKey) {
            setBroken()
        } else if isKey {
            tainted = 0
        }
        isUpcomingWhole = tainted == 0
        tainted = max(0, tainted - 1)
    }

    private func setBroken() {
        tainted = Self.mostTainted
        framesSinceBreak = 0
    }

    /// Makes the frame that `advance` decoded the shown one.
    func promote() {
        swap(&upcoming, &shown)
        isShownWhole = isUpcomingWhole
    }

    private func noFrameError() -> VideoError {
        let parameters = stream.pointee.codecpar.pointee
        var words = Self.explanation(0)
        if words.hasPrefix(" (Picture size ") {
            let isTooLarge = !words.contains(" 0x") && !words.contains("x0 ")
            // What follows a comma tells programmers how to lift the limit.
            if let comma = words.firstIndex(of: ",") { words = words[..<comma] + ")" }
            return VideoError(
                path: path, reason: isTooLarge ? .tooLarge : .damaged,
                detail: "no frame could be decoded" + words)
        }
        if parameters.width == 0 || parameters.height == 0 {
            return VideoError(
                path: path, reason: .damaged,
                detail: "no frame could be decoded, and their size is unknown" + words)
        }
        return VideoError(
            path: path, reason: words.isEmpty ? .noFrames : .damaged,
            detail: "no frame could be decoded" + words)
    }

    /// Decodes into `upcoming`; false at the end. Broken packets are passed over.
    private func decode() throws(VideoError) -> Bool {
        var failures = 0
        while true {
            try interruption.check(path: path)
            let received = avcodec_receive_frame(decoder.pointer, upcoming.pointer)
            if received == 0 { return true }
            if received == mixtape_error_end { return false }
            if received != mixtape_error_again {
                // The decoder took a broken packet; it may hold further frames all the same.
                failures += 1
                noteBroken()
                if failures < 1000 { continue }
                if isDraining { return false }
            }
            if isDraining { return false }
            if held == nil {
                held = try packets.next(readPacket(into:))
                // The demuxer marks packets of which parts are missing.
                if let packet = held?.pointer.pointee, packet.flags & AV_PKT_FLAG_CORRUPT != 0 {
                    brokenFrames += 1
                    if packet.pts != mixtape_no_timestamp, corruptStamps.count < 1000 {
                        corruptStamps.insert(packet.pts)
                    }
                }
            }
            guard let packet = held else {
                isDraining = true
                avcodec_send_packet(decoder.pointer, nil)
                continue
            }
            let sent = avcodec_send_packet(decoder.pointer, packet.pointer)
            if sent != mixtape_error_again {
                if sent < 0, sent != mixtape_error_end { noteBroken() }
                packets.recycle(packet)
                held = nil
            } else if received == mixtape_error_again {
                // Neither gives nor takes: a decoder's fault that would go on for ever.
                return false
            }
        }
    }

    private func noteBroken() {
        brokenFrames += 1
        setBroken()
    }

    /// Reads the stream's next packet; false at the end of the file.
    func readPacket(into packet: Packet) throws(VideoError) -> Bool {
        var failures = 0
        while true {
            let result = av_read_frame(demuxer.pointer, packet.pointer)
            if result >= 0 {
                // An empty packet would tell the decoder that the stream ends.
                if packet.pointer.pointee.stream_index == stream.pointee.index,
                    packet.pointer.pointee.size > 0
                {
                    if Encryption.isEncrypted(packet.pointer) {
                        throw Encryption.error(path, "common encryption")
                    }
                    keepFragment(packet)
                    return true
                }
                av_packet_unref(packet.pointer)
                continue
            }
            try interruption.check(path: path)
            if let failure = source.failure {
                throw VideoError(
                    path: path, reason: .readFailed,
                    detail: "cannot read the file: \(SystemError.message(failure))")
            }
            failures += 1
            if result == mixtape_error_end || failures > 100 { return false }
        }
    }

    /// FFmpeg has the frames of a fragment dropped whose clock goes back, as where recordings were joined. The clock mends that.
    private func keepFragment(_ packet: Packet) {
        let (flags, decoding) = (packet.pointer.pointee.flags, packet.pointer.pointee.dts)
        guard decoding != mixtape_no_timestamp else { return }
        if flags & AV_PKT_FLAG_DISCARD != 0, decoding <= latestDecoding, isFragmented {
            packet.pointer.pointee.flags = flags & ~AV_PKT_FLAG_DISCARD
            seeker.giveUp()
        }
        latestDecoding = max(latestDecoding, decoding)
    }

    /// FFmpeg's last words, or those for an error code, in brackets.
    static func explanation(_ code: Int32) -> String {
        var text = String(cString: mixtape_log_message())
        while let last = text.last, last.isWhitespace || last == "." { text.removeLast() }
        if text.isEmpty, code < 0 {
            text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
                guard let base = buffer.baseAddress, av_strerror(code, base, buffer.count) == 0 else {
                    return ""
                }
                return String(cString: base)
            }
        }
        return text.isEmpty ? "" : " (\(text))"
    }
}

// MARK: - Seeking

extension FrameReader {
    /// Goes to a keyframe between `time`, that of the shown frame, and `target`, if that pays; the next
    /// `advance` then gives its frame. False leaves everything as it was.
    func skip(from time: Double, toward target: Double) -> SkipResult {
        guard !clock.hasGuessed, !isDraining else { return .stayed }
        let delay = Double(decoder.pointer.pointee.has_b_frames + 1) * clock.nominalDuration
        guard
            let stamp = seeker.keyframeStamp(
                of: stream, clock: clock, from: time, toward: target, delay: delay,
                threads: Int(decoder.pointer.pointee.thread_count))
        else { return .stayed }
        guard av_seek_frame(demuxer.pointer, stream.pointee.index, stamp, AVSEEK_FLAG_BACKWARD) >= 0 else {
            return .lost
        }
        avcodec_flush_buffers(decoder.pointer)
        held = nil
        packets.clear()
        corruptStamps = []
        tainted = 0
        framesSinceBreak = Int.max
        clock.forgetLast()
        return .moved
    }

    /// The seek led nowhere new; reads on from here on.
    func giveUpSeeking() { seeker.giveUp() }

    enum SkipResult { case stayed, moved, lost }

    /// Whether the frame that `advance` decoded can be relied on as the first one after a seek.
    var isUpcomingSound: Bool {
        upcoming.pointer.pointee.decode_error_flags == 0
            && upcoming.pointer.pointee.flags & AV_FRAME_FLAG_CORRUPT == 0
    }
}
