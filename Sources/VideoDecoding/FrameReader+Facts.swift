internal import CFFmpeg

import Base

/// The file's claims about itself, and how far they hold.
extension FrameReader {
    static func seconds(_ ratio: AVRational) -> Double {
        ratio.num > 0 && ratio.den > 0 ? Double(ratio.num) / Double(ratio.den) : 1e-6
    }

    private static func frameRates(_ stream: UnsafePointer<AVStream>) -> [Double] {
        var rates: [Double] = []
        for rate in [stream.pointee.avg_frame_rate, stream.pointee.r_frame_rate] {
            if rate.num > 0, rate.den > 0 { rates.append(Double(rate.num) / Double(rate.den)) }
        }
        return rates
    }

    static func frameRate(_ stream: UnsafePointer<AVStream>) -> Double? { frameRates(stream).first }

    /// Frames a second that a clock goes by: the average of stamps that stand still is beyond all cameras.
    static func pace(_ stream: UnsafePointer<AVStream>) -> Double? {
        let rates = frameRates(stream)
        return rates.first { $0 <= 1000 } ?? rates.first
    }

    /// Width of a pixel through its height; damaged values count as 1.
    var sampleAspect: Double {
        let ratio = av_guess_sample_aspect_ratio(demuxer.pointer, stream, shown.pointer)
        guard ratio.num > 0, ratio.den > 0 else { return 1 }
        let value = Double(ratio.num) / Double(ratio.den)
        return value >= 1.0 / 16 && value <= 16 ? value : 1
    }

    /// The shown frame's display matrix, else the stream's.
    var orientation: Orientation {
        if let data = av_frame_get_side_data(shown.pointer, AV_FRAME_DATA_DISPLAYMATRIX),
            data.pointee.size >= 36
        {
            return data.pointee.data.withMemoryRebound(to: Int32.self, capacity: 9) {
                Orientation(matrix: $0)
            }
        }
        var size = 0
        guard let data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size), size >= 36 else {
            return Orientation(matrix: nil)
        }
        return data.withMemoryRebound(to: Int32.self, capacity: 9) { Orientation(matrix: $0) }
    }

    /// Where the video ends, once its last frame was decoded.
    var end: Double {
        // An MP4 file's edit list may cut the last frame short, or let it stand a little longer.
        if isMP4, !clock.isMended, let stated = statedDuration, stated > clock.lastTime,
            stated <= clock.end + 1
        {
            return stated
        }
        return clock.end
    }

    private var format: String { String(cString: demuxer.pointer.pointee.iformat.pointee.name) }

    private var isMP4: Bool { format.hasPrefix("mov,") }

    /// The video stream's own duration.
    private var statedDuration: Double? {
        guard stream.pointee.duration != mixtape_no_timestamp, stream.pointee.duration > 0 else { return nil }
        return Double(stream.pointee.duration) * Self.seconds(stream.pointee.time_base)
    }

    /// How much of what the file says it holds was decoded soundly, 0…1, once its last frame was decoded.
    var decodedShare: Double {
        let sound = Double(soundFrames)
        var missing = Double(brokenFrames)
        let frame = clock.lastTime / max(sound + missing - 1, 1)
        let cutOff = max(0, (promisedEnd ?? 0) - clock.end)
        if cutOff > 0, frame > 0 { missing += cutOff / frame }
        let share = sound / max(sound + missing, 1)
        return BrokenEnd.isFound(in: source.file, format: format) ? min(share, Self.shareWithoutEnd) : share
    }

    /// The most that is said to be there of a file that breaks off, where nobody knows how much is missing.
    private static let shareWithoutEnd = 0.98

    /// Where the video should end, if the file's claim is beyond doubt.
    private var promisedEnd: Double? {
        guard !clock.isMended else { return nil }
        // The length in an AVI file is only a claim; recorders that end early do not correct it.
        if format != "avi", let stated = statedDuration, stated < FrameClock.latest,
            stated - clock.end > max(1, 0.02 * stated)
        {
            return stated
        }
        guard let bytes = StatedSize.bytes(of: source.file, format: format), bytes > source.file.size else {
            return nil
        }
        // The container's end may be that of its sound, but not where it is cut off.
        let whole = Double(demuxer.pointer.pointee.duration) / Double(AV_TIME_BASE)
        if format.hasPrefix("matroska"), whole > 0, whole < FrameClock.latest {
            return whole > clock.end ? whole : nil
        }
        return clock.end * Double(bytes) / Double(source.file.size)
    }

    /// Facts as of the shown frame.
    func facts() -> StreamFacts {
        let frame = shown.pointer.pointee
        var width = Int((Double(frame.width) * sampleAspect).rounded())
        var height = Int(frame.height)
        if orientation.isTransposed { swap(&width, &height) }
        let whole = demuxer.pointer.pointee.duration
        let duration = statedDuration ?? (whole > 0 ? Double(whole) / Double(AV_TIME_BASE) : nil)
        return StreamFacts(
            container: format,
            codec: String(cString: avcodec_get_name(stream.pointee.codecpar.pointee.codec_id)),
            width: max(1, width), height: height,
            // A container may claim more than any number that is calculated with.
            duration: duration.flatMap { BelievableVideo.isDuration($0) ? $0 : nil },
            frameRate: Self.frameRate(stream), otherStreams: otherFilms)
    }
}
