internal import CFFmpeg

import Base

extension ClipReader {
    /// Seconds that a video lasts by the steps from packet to packet, which is near the truth where a container's own word is
    /// not: one wrong time stamp makes hours of seconds. Nothing is decoded. Steps of more than ten seconds count as one
    /// frame, so a video of long stills lasts longer.
    ///
    /// Throws what opening throws, and `.timeLimit`, `.cancelled`, `.readFailed`.
    ///
    /// - Parameter most: what is read no further than that.
    public static func packetSeconds(
        path: String, options: ReadingOptions, upTo most: Double
    ) throws(VideoError) -> Double {
        let interruption = Interruption(
            timeLimit: options.timeLimit, growth: options.timeLimitGrowth, isCancelled: options.isCancelled)
        interruption.resume()
        let frames = try FrameReader(
            file: try RegularFile(path: path), interruption: interruption, threads: 1,
            stream: options.stream)
        return try frames.packetSeconds(upTo: most)
    }
}

extension FrameReader {
    /// A longer step between two packets may be wrong.
    private static let longestStep = 10.0

    fileprivate func packetSeconds(upTo most: Double) throws(VideoError) -> Double {
        let packet = Packet()
        let unit = Self.seconds(stream.pointee.time_base)
        var seconds = 0.0
        var last: Int64?
        while seconds <= most, try readPacket(into: packet) {
            let (decoding, presentation) = (packet.pointer.pointee.dts, packet.pointer.pointee.pts)
            let stamp = decoding != mixtape_no_timestamp ? decoding : presentation
            av_packet_unref(packet.pointer)
            guard stamp != mixtape_no_timestamp else {
                seconds += clock.nominalDuration
                continue
            }
            let step = last.map { (Double(stamp) - Double($0)) * unit } ?? 0
            seconds += step > 0 && step <= Self.longestStep ? step : clock.nominalDuration
            last = stamp
        }
        return seconds
    }
}
