/// Turns the time stamps of decoded frames into seconds from the video's first frame.
///
/// Time stamps may be missing, repeated, run backwards or jump, according to the container. Where the container
/// keeps presentation times of its own (`isTrusted`: MP4, Matroska), they alone decide, so that a time does not
/// depend on what was decoded before and seeking gives the same as reading straight through; a frame that
/// comes too late is dropped. Elsewhere time goes on evenly over missing and repeated stamps, and over jumps (a
/// spliced transport stream).
struct FrameClock {
    /// A longer gap between two frames of an untrusted stream is a splice.
    static let longestGap = 600.0
    /// A step back of more than this is a splice, too; a smaller one is jitter.
    static let shortestSplice = 1.0
    /// Stamps beyond this are damaged; 30 years keep all arithmetic exact.
    static let latest = 1e9

    let isTrusted: Bool
    /// Seconds of one unit of time stamps.
    private let unit: Double
    /// Seconds of one frame, where the file does not say so frame by frame.
    let nominalDuration: Double
    /// The stamp of time zero.
    private(set) var zero: Double?
    private var last: (time: Double, duration: Double)?
    /// Whether some frame had no time stamp.
    private(set) var hasGuessed = false

    init(isTrusted: Bool, unit: Double, frameRate: Double?) {
        self.isTrusted = isTrusted
        self.unit = unit
        let rate = frameRate.flatMap { $0.isFinite && $0 > 0.001 && $0 < 10_000 ? $0 : nil }
        self.nominalDuration = 1 / (rate ?? 25)
    }

    /// The stamp that shows at `time`.
    func stamp(of time: Double) -> Double { (time / unit) + (zero ?? 0) }

    /// Seconds between time zero and a stamp.
    func time(of stamp: Int64) -> Double { (Double(stamp) - (zero ?? 0)) * unit }

    /// What to forget when frames were left out.
    mutating func forgetLast() { last = nil }

    /// Where the last frame starts.
    var lastTime: Double { last?.time ?? 0 }

    /// Where the last frame ends.
    var end: Double { last.map { $0.time + $0.duration } ?? 0 }

    /// The time of the next frame in presentation order; nil drops the frame.
    mutating func place(stamp: Int64?, duration: Int64) -> Double? {
        let seconds = Double(duration) * unit
        let length = seconds > 0 && seconds < Self.latest ? seconds : nominalDuration
        let expected = last.map { $0.time + $0.duration } ?? 0
        guard let stamp else {
            hasGuessed = true
            last = (expected, length)
            return expected
        }
        let zero = self.zero ?? Double(stamp) - expected / unit
        self.zero = zero
        var time = (Double(stamp) - zero) * unit
        if isTrusted {
            guard abs(time) < Self.latest, time > (last?.time ?? -1e-9) else { return nil }
        } else if let last {
            if time > last.time + Self.longestGap || time < last.time - Self.shortestSplice {
                self.zero = Double(stamp) - expected / unit
                time = expected
            } else if time <= last.time {
                time = expected
            }
        }
        last = (time, length)
        return time
    }
}
