internal import CFFmpeg
import Base

/// A file's open container, and the stream in it that is read.
struct OpenedFile {
    let source: ByteSource
    let demuxer: Demuxer
    let choice: StreamChoice
    /// Frames a second by the length that the file states, where its clock stands still; else nil.
    private(set) var statedRate: Double?

    /// FFmpeg's name of the container.
    var format: String { String(cString: demuxer.pointer.pointee.iformat.pointee.name) }

    /// Throws typed errors for all that is no video.
    ///
    /// - Parameters:
    ///   - wanted: the number of the stream to read; nil for the main one.
    ///   - admitsPictures: whether a still picture is a video of one frame.
    init(
        _ file: RegularFile, wanting wanted: Int? = nil, admitsPictures: Bool = false,
        interruption: Interruption
    ) throws(VideoError) {
        let first = ByteSource(file: file, interruption: interruption)
        var (source, demuxer) = (first, try Self.container(first, admitsPictures))
        var census: [Int32: Int] = [:]
        func open(ignoresEdits: Bool = false) throws(VideoError) {
            source = ByteSource(file: file, interruption: interruption)
            demuxer = try Self.container(source, admitsPictures, ignoresEdits: ignoresEdits)
        }
        if StreamChoice.needsCensus(demuxer.pointer) {
            census = StreamChoice.census(demuxer)
            try interruption.check(path: file.path)
            try open()
        }
        var choice = try StreamChoice(from: demuxer.pointer, census: census, wanted: wanted, path: file.path)
        if Self.hidesFrames(demuxer, choice.stream) {
            let stream = choice.stream.pointee
            let whole = Double(demuxer.pointer.pointee.duration) / Double(AV_TIME_BASE)
            let lengths = [Double(stream.duration) * FrameReader.seconds(stream.time_base), whole]
            let rates = lengths.filter { $0 > 0 }.map { Double(stream.nb_frames) / $0 }
            statedRate = rates.first { $0 < 1000 }
            try open(ignoresEdits: true)
            choice = try StreamChoice(
                from: demuxer.pointer, census: census, wanted: wanted, path: file.path)
        }
        (self.source, self.demuxer, self.choice) = (source, demuxer, choice)
    }

    /// Whether an MP4 file's edit list leaves frames out because it counts by a clock that stands still: those that are
    /// left take far less time than the list says, or less than those of any camera.
    private static func hidesFrames(_ demuxer: Demuxer, _ stream: UnsafeMutablePointer<AVStream>) -> Bool {
        let format = String(cString: demuxer.pointer.pointee.iformat.pointee.name)
        let count = avformat_index_get_entries_count(stream)
        guard format.hasPrefix("mov,"), stream.pointee.nb_frames > 0 else { return false }
        var (left, first, last) = (Int64(0), Int64(0), Int64(0))
        for place in 0..<count {
            guard let entry = avformat_index_get_entry(stream, place), !mixtape_is_left_out(entry) else {
                continue
            }
            if left == 0 { first = entry.pointee.timestamp }
            last = entry.pointee.timestamp
            left += 1
        }
        guard left > 0 else { return true }
        let span = Double(last) - Double(first)
        guard left > 1, left < stream.pointee.nb_frames else { return false }
        return 2 * span < Double(stream.pointee.duration) * (1 - 1 / Double(left))
            || span * FrameReader.seconds(stream.pointee.time_base) < 0.001 * Double(left)
    }

    private static func container(
        _ source: ByteSource, _ admitsPictures: Bool, ignoresEdits: Bool = false
    ) throws(VideoError) -> Demuxer {
        let path = source.file.path
        func fail(_ reason: VideoError.Reason, _ detail: String, _ code: Int32) throws(VideoError) -> Never {
            try source.interruption.check(path: path)
            if let failure = source.failure {
                let words = "cannot read the file: \(SystemError.message(failure))"
                throw VideoError(path: path, reason: .readFailed, detail: words)
            }
            throw VideoError(path: path, reason: reason, detail: detail + FrameReader.explanation(code))
        }
        var format: UnsafePointer<AVInputFormat>?
        let score = av_probe_input_buffer2(source.pointer, &format, source.nameHint, nil, 0, 0)
        guard score >= 0, let format else {
            try fail(.unrecognised, "not a format that FFmpeg recognises", 0)
        }
        let refusal = StreamChoice.refusal(of: format, file: source.file)
        let isPicture =
            admitsPictures && refusal?.0 == .noVideoStream && StreamChoice.isPicture(format)
        if let (reason, detail) = refusal, !isPicture { try fail(reason, detail, 0) }
        var result: Int32 = 0
        let name = String(cString: format.pointee.name)
        let chosen = isPicture ? format : StreamChoice.format(insteadOf: format)
        /// Says what an MP4 file lacks, which FFmpeg says in fewer words.
        func complain() throws(VideoError) {
            guard name.hasPrefix("mov,"), let complaint = MP4Boxes(source.file).complaint else { return }
            mixtape_log_clear()
            try fail(.damaged, complaint, 0)
        }
        // FFmpeg leaves an index alone that it cannot seek by.
        if name == "avi", AVIIndex.isOutOfOrder(source.file) { source.pointer.pointee.seekable = 0 }
        guard
            let demuxer = Demuxer.open(
                source, format: chosen, ignoresEdits: ignoresEdits, result: &result)
        else {
            // A low score means that hardly more than the file's name spoke for the format.
            if score <= AVPROBE_SCORE_MAX / 4 {
                try fail(.unrecognised, "not a video, despite its name", result)
            }
            try complain()
            try fail(.damaged, "the container (\(name)) is damaged or cut off", result)
        }
        _ = demuxer.findStreamInformation(maximumPixels: FrameReader.maximumPixels)
        if demuxer.pointer.pointee.nb_streams == 0 {
            if score <= AVPROBE_SCORE_MAX / 4 { try fail(.unrecognised, "not a video", 0) }
            try complain()
            try fail(.damaged, "the container (\(name)) is empty, damaged or cut off", 0)
        }
        try source.interruption.check(path: path)
        return demuxer
    }
}
