/// Turns the time stamps of decoded frames into seconds from the video's first frame.
///
/// Time stamps may be missing, repeated, run backwards or jump. A stamp that is a little later than the last one stands as
/// it is. For any other the clock looks at the stamps that follow (`Outlook`):
///
/// - An outlier: the frames behind it go on where those before it were. Its stamp is left out; the frame comes on screen
///   where the stream's own pace would have it.
/// - A splice (a recording that starts over, files joined): the frames behind it follow the new stamps. From there on all
///   stamps are moved so that time goes on at the stream's pace.
/// - A gap: the frames behind it follow, too, but later. The picture before it stands so long.
///
/// Where one stamp after the other is out of line, the clock counts frames until they are in line again.
///
/// No frame is dropped for its stamp, and times only ever rise. Where the container keeps presentation times of its own
/// (`isTrusted`: MP4, Matroska), a gap may be of any length, if something else in the file speaks for it; elsewhere one of
/// more than ten minutes is a splice.
struct FrameClock {
    /// A longer gap between two frames of an untrusted stream is a splice, and one of a trusted stream if nothing
    /// speaks for it.
    static let longestGap = 600.0
    /// Stamps beyond this are damaged; 30 years keep all arithmetic exact.
    static let latest = 1e9
    /// A longer gap needs better reasons than the last or the first frame alone.
    private static let longestPlainGap = 60.0
    /// A step of more than so many frames is looked at.
    private static let longestPlainStep = 2.5
    /// Seconds that no step of an ordinary stream is below; programs that must not repeat a stamp add one unit instead.
    private static let longestCrawl = 0.0025
    /// Seconds that no frame rate is behind.
    private static let shortestStep = 1e-4
    /// As many tiny steps in a row are no accident.
    private static let shortestCrawl = 2
    /// After so many stamps that are in line with each other they are followed again.
    private static let enoughOrder = 8
    /// Bytes a second of what goes on while a picture stands, such as sound.
    private static let leastCompany = 100.0

    let isTrusted: Bool
    /// Seconds of one unit of time stamps.
    private let unit: Double
    /// Seconds of one frame, if the file does not give them frame by frame.
    let nominalDuration: Double
    /// The stamp of time zero.
    private(set) var zero: Double?
    /// The same before anything was put right.
    private var statedZero = 0.0
    private var last: (time: Double, duration: Double)?
    private var lastStamp: Int64?
    private var steps = RecentSteps()
    /// Frames placed since the start or the last seek.
    private var placed = 0
    /// Whether the last frame's stamp stood still.
    private var isStalled = false
    /// Grows with stamps that are out of line, and falls with those that are not.
    private var trouble = 0
    /// How many stamps in a row were in line with each other, while frames are counted; nil while the stamps are followed.
    private var orderly: Int?
    /// Whether the times depend on what was decoded before: some frame had no time stamp, or a wrong one.
    private(set) var hasGuessed = false
    /// Whether some time stamp was put right.
    private(set) var isMended = false
    /// Seconds by which one was wrong, at most.
    private(set) var largestError = 0.0

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
    mutating func forgetLast() {
        last = nil
        lastStamp = nil
        placed = 0
    }

    /// Where the last frame starts.
    var lastTime: Double { last?.time ?? 0 }

    /// Where the last frame ends.
    var end: Double {
        guard let last else { return 0 }
        // Wrong stamps make wrong frame rates, too.
        guard isMended, let pace = steps.usual else { return last.time + last.duration }
        return last.time + min(last.duration, 2 * pace)
    }

    /// The time of the next frame in presentation order; nil drops the frame, which happens only behind a seek.
    ///
    /// - Parameters:
    ///   - bytesBefore: of other streams, between the last frame's packet and this one's; nil where that is not known.
    ///   - outlook: asked for the stamps of so many frames that follow, where a stamp is out of line.
    mutating func place<Failure: Error>(
        stamp: Int64?, duration: Int64, bytesBefore: Int64? = nil,
        outlook: (Int) throws(Failure) -> Outlook
    ) throws(Failure) -> Double? {
        let seconds = Double(duration) * unit
        let length = seconds >= Self.shortestStep && seconds < Self.latest ? seconds : nominalDuration
        let expected = last.map { bounded($0.time + $0.duration, behind: $0.time) } ?? 0
        guard let stamp else {
            hasGuessed = true
            last = (expected, length)
            return expected
        }
        if zero == nil {
            statedZero = Double(stamp) - expected / unit
            zero = statedZero
        }
        var time = time(of: stamp)
        if let last {
            let verdict =
                orderly == nil
                ? try judge(time, stamp, bytesBefore, from: last, outlook) : countFrame(stamp, last.duration)
            switch verdict {
            case .plain:
                if trouble == 0 { steps.add(time - last.time) }
                isStalled = false
                trouble = max(0, trouble - 1)
            case .outlier(let before):
                let right = min(last.time + pace(last.duration), before)
                setMended(stamp, to: right)
                time = right
            case .splice:
                let right = last.time + pace(last.duration)
                setMended(stamp, to: right)
                time = right
                zero = Double(stamp) - time / unit
            }
            if time >= Self.latest {
                time = bounded(time, behind: last.time)
                zero = Double(stamp) - time / unit
                setMended(stamp, to: time)
            }
            // Rounding, where times are large and steps are small.
            if time <= last.time { time = last.time.nextUp }
        } else if time < -1e-9 {
            return nil
        }
        last = (time, length)
        lastStamp = stamp
        placed += 1
        return time
    }

    /// A time that is not beyond all bounds: steps of years go there, one after the other.
    private func bounded(_ time: Double, behind last: Double) -> Double {
        time < Self.latest ? time : last + min(1, nominalDuration)
    }

    private mutating func setMended(_ stamp: Int64, to right: Double) {
        isMended = true
        largestError = max(largestError, abs((Double(stamp) - statedZero) * unit - right))
        hasGuessed = true
        guard orderly == nil else { return }
        trouble += 4
        if trouble > 10 { orderly = 0 }
    }

    /// Whatever its stamp says, the frame comes next. Stamps that are in line again are followed from the next one on.
    private mutating func countFrame(_ stamp: Int64, _ duration: Double) -> Verdict {
        let step = lastStamp.map { (Double(stamp) - Double($0)) * unit } ?? 0
        let isInLine = step > crawl && step <= Self.longestPlainStep * max(duration, nominalDuration)
        orderly = isInLine ? (orderly ?? 0) + 1 : 0
        if orderly == Self.enoughOrder {
            orderly = nil
            trouble = 0
        }
        return .splice
    }

    /// Seconds from one frame to the next: as they were lately, where that is even, else as the file says.
    private func pace(_ duration: Double) -> Double {
        let said = min(duration, nominalDuration)
        guard let usual = steps.usual, steps.areEven || said > 10 * usual || said < usual / 10 else {
            return said
        }
        return usual
    }
}

// MARK: - Stamps that are out of line

extension FrameClock {
    private enum Verdict {
        case plain
        /// The frame comes before this time, where there is one that is right.
        case outlier(before: Double)
        case splice
    }

    private mutating func judge<Failure: Error>(
        _ time: Double, _ stamp: Int64, _ bytesBefore: Int64?, from last: (time: Double, duration: Double),
        _ outlook: (Int) throws(Failure) -> Outlook
    ) throws(Failure) -> Verdict {
        let step = time - last.time
        if step > Self.longestPlainStep * max(last.duration, nominalDuration) {
            return try judgeLeap(to: time, from: last.time, bytesBefore, outlook)
        }
        if stamp == lastStamp || (step > 0 && step <= crawl) {
            return try judgeStall(at: time, isRepeat: stamp == lastStamp, from: last.time, outlook)
        }
        return step > 0 ? .plain : try judgeReturn(to: time, from: last.time, outlook)
    }

    /// A step of so much or less is one of a clock that stands still.
    private var crawl: Double {
        max(Self.shortestStep, min(Self.longestCrawl, (steps.usual ?? nominalDuration) / 8))
    }

    /// A step of more than a frame or two.
    private func judgeLeap<Failure: Error>(
        to time: Double, from last: Double, _ bytesBefore: Int64?,
        _ outlook: (Int) throws(Failure) -> Outlook
    ) throws(Failure) -> Verdict {
        let gap = time - last
        let seen = try outlook(Outlook.count(forSeconds: gap))
        let ahead = seen.stamps.map { self.time(of: $0) }
        // In a sound stream nothing that follows lies before; a decoder that passes over frames may leave a few.
        let between = ahead.filter { $0 > last && $0 < time }
        if let next = between.min(), between.count >= max(1, ahead.count / 8) {
            return .outlier(before: (last + next) / 2)
        }
        if time >= Self.latest { return ahead.contains { $0 < time } ? .outlier(before: .infinity) : .splice }
        let behind = ahead.filter { $0 >= time }
        // Whoever wrote these stamps had lost the clock, and waited for it.
        let wait = stall(at: time, behind)
        if wait.count > Self.shortestCrawl {
            guard let next = wait.next, gap < 2 * pace(nominalDuration) * Double(wait.count) else {
                return .splice
            }
            return .outlier(before: (last + next) / 2)
        }
        if !isTrusted, gap > Self.longestGap { return .splice }
        if gap <= Self.longestPlainGap || seen.longestDuration * unit > gap / 2 { return .plain }
        // The file's last frames alone, or its first ones, are not taken at their word.
        if behind.isEmpty || (seen.isToTheEnd && behind.count < 3) {
            return steps.longest > gap / 4 ? .plain : .outlier(before: .infinity)
        }
        guard let pace = Self.pace(of: behind + [time]), pace < gap / 8 else { return .plain }
        if placed <= 2 { return .splice }
        // A clock that was set, unless sound went on meanwhile.
        let isAccompanied = bytesBefore.map { Double($0) > Self.leastCompany * gap } ?? true
        return gap > Self.longestGap && !isAccompanied ? .splice : .plain
    }

    /// No step, or a tiny one.
    private mutating func judgeStall<Failure: Error>(
        at time: Double, isRepeat: Bool, from last: Double, _ outlook: (Int) throws(Failure) -> Outlook
    ) throws(Failure) -> Verdict {
        let seen = try outlook(Outlook.most)
        let wait = stall(at: max(time, last), seen.stamps.map { self.time(of: $0) })
        if !isRepeat, !isStalled, wait.count < Self.shortestCrawl { return .plain }
        isStalled = true
        // The clock stood still while frames went on, or frames were put in between.
        guard let next = wait.next else { return isRepeat ? .outlier(before: .infinity) : .splice }
        let room = (next - last) / pace(nominalDuration)
        return room > 0.75 * Double(wait.count) ? .outlier(before: (last + next) / 2) : .splice
    }

    /// How many frames share a time but for tiny steps, the first one included, and the first time behind them.
    private func stall(at time: Double, _ ahead: [Double]) -> (count: Int, next: Double?) {
        var place = time
        var count = 1
        for later in ahead.sorted() {
            if later > place + crawl { return (count, later) }
            place = max(place, later)
            count += 1
        }
        return (count, nil)
    }

    /// A step back.
    private func judgeReturn<Failure: Error>(
        to time: Double, from last: Double, _ outlook: (Int) throws(Failure) -> Outlook
    ) throws(Failure) -> Verdict {
        let seen = try outlook(Outlook.count(forSeconds: last - time))
        let ahead = seen.stamps.map { self.time(of: $0) }
        guard let next = ahead.filter({ $0 > last }).min() else {
            return ahead.isEmpty ? .outlier(before: .infinity) : .splice
        }
        // How do those that follow come back to where the clock is: by one leap, or step by step?
        var longest = 0.0
        var place = time
        for later in ahead.filter({ $0 > time && $0 <= last }).sorted() + [next] {
            longest = max(longest, later - place)
            place = later
        }
        return longest > 0.6 * (next - time) ? .outlier(before: (last + next) / 2) : .splice
    }

    /// The usual step between times; nil of fewer than two.
    private static func pace(of times: [Double]) -> Double? {
        let sorted = times.sorted()
        let steps = zip(sorted.dropFirst(), sorted).map { $0 - $1 }.sorted()
        return steps.isEmpty ? nil : steps[steps.count / 2]
    }
}

/// What is known of the frames that follow.
struct Outlook {
    /// In the order of decoding.
    var stamps: [Int64] = []
    /// Whether the file has no further ones.
    var isToTheEnd = false
    /// The longest time, in units, that a packet hereabouts is said to last.
    var longestDuration = 0.0

    /// How many frames to look at: those that a wrong clock of a few seconds may have.
    static func count(forSeconds seconds: Double) -> Int { abs(seconds) > 5 ? most : 64 }
    static let most = 512
}

/// The last steps from frame to frame.
private struct RecentSteps {
    private static let most = 16
    private var steps: [Double] = []
    private var next = 0
    /// The longest ever.
    private(set) var longest = 0.0

    mutating func add(_ step: Double) {
        longest = max(longest, step)
        if steps.count < Self.most {
            steps.append(step)
        } else {
            steps[next] = step
            next = (next + 1) % Self.most
        }
    }

    /// The median; nil before there are a few.
    var usual: Double? { steps.count < 3 ? nil : steps.sorted()[steps.count / 2] }

    /// Whether most are much like the median.
    var areEven: Bool {
        guard let usual else { return false }
        return steps.count { abs($0 - usual) < 0.2 * usual } * 4 >= steps.count * 3
    }
}
