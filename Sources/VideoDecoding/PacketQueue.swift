internal import CFFmpeg

import Base

/// A stream's packets on their way from the demuxer to the decoder, and what their stamps say of frames to come.
///
/// As a rule none waits here. Where a frame's time stamp is out of line, packets are read ahead until it is clear which
/// stamps are right.
final class PacketQueue {
    /// Bytes that wait at most: what is looked at is less where packets are large.
    private static let mostBytes = 32 << 20
    /// Stamps kept of frames that the decoder never gave.
    private static let mostInside = 64

    private var waiting: [Packet] = []
    private var waitingBytes = 0
    private var spare: [Packet] = []
    /// Of packets that the decoder has taken and given no frame of yet, in the order of decoding.
    private var inside: [Int64] = []
    /// How many of those it took before the frame that came last.
    private var insideBefore = 0
    /// How long the last packets are said to last, in units.
    private var durations = [Int64](repeating: 0, count: mostInside)
    private var taken = 0
    private var hasEnded = false
    /// Whether any packet said when its frame is to be shown.
    private var saysPresentation = false

    /// The next packet for the decoder; nil at the end of the file.
    ///
    /// - Parameter read: reads the stream's next packet; false at the end.
    func next(_ read: (Packet) throws(VideoError) -> Bool) throws(VideoError) -> Packet? {
        if waiting.isEmpty, try !fetch(read) { return nil }
        let packet = waiting.removeFirst()
        waitingBytes -= Int(packet.pointer.pointee.size)
        durations[taken % durations.count] = packet.pointer.pointee.duration
        taken += 1
        if let stamp = stamp(packet) {
            if inside.count >= Self.mostInside {
                inside.removeFirst()
                insideBefore = max(0, insideBefore - 1)
            }
            inside.append(stamp)
        }
        return packet
    }

    /// Takes a packet back that the decoder has taken.
    func recycle(_ packet: Packet) {
        av_packet_unref(packet.pointer)
        if spare.count < 8 { spare.append(packet) }
    }

    /// Notes that the decoder gave a frame with this stamp.
    func noteFrame(_ stamp: Int64) {
        // The last one: others may be of frames that never came.
        guard let place = inside.lastIndex(of: stamp) else { return }
        inside.remove(at: place)
        insideBefore = place
    }

    /// The stamps of so many frames behind the one that came last.
    func outlook(_ count: Int, _ read: (Packet) throws(VideoError) -> Bool) throws(VideoError) -> Outlook {
        while waiting.count < count, waitingBytes < Self.mostBytes, try fetch(read) {}
        var outlook = Outlook(stamps: Array(inside[insideBefore...]), isToTheEnd: hasEnded)
        var longest = durations.max() ?? 0
        for packet in waiting {
            if let stamp = stamp(packet) { outlook.stamps.append(stamp) }
            longest = max(longest, packet.pointer.pointee.duration)
        }
        outlook.longestDuration = Double(longest)
        return outlook
    }

    /// Forgets all packets: the demuxer goes elsewhere.
    func clear() {
        for packet in waiting { recycle(packet) }
        waiting = []
        waitingBytes = 0
        inside = []
        insideBefore = 0
        hasEnded = false
    }

    private func fetch(_ read: (Packet) throws(VideoError) -> Bool) throws(VideoError) -> Bool {
        if hasEnded { return false }
        let packet = spare.popLast() ?? Packet()
        guard try read(packet) else {
            spare.append(packet)
            hasEnded = true
            return false
        }
        waiting.append(packet)
        waitingBytes += Int(packet.pointer.pointee.size)
        return true
    }

    /// When its frame is to be shown; nil where that is not said, or where it never is.
    private func stamp(_ packet: Packet) -> Int64? {
        let packet = packet.pointer.pointee
        if packet.flags & AV_PKT_FLAG_DISCARD != 0 { return nil }
        if packet.pts != mixtape_no_timestamp {
            saysPresentation = true
            return packet.pts
        }
        // Of streams that know no other times.
        return saysPresentation || packet.dts == mixtape_no_timestamp ? nil : packet.dts
    }
}
