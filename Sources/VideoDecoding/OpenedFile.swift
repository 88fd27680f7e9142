internal import CFFmpeg
import Base

/// A file's open container, and the stream in it that is read.
struct OpenedFile {
    let source: ByteSource
    let demuxer: Demuxer
    let choice: StreamChoice

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
        if StreamChoice.needsCensus(demuxer.pointer) {
            census = StreamChoice.census(demuxer)
            try interruption.check(path: file.path)
            source = ByteSource(file: file, interruption: interruption)
            demuxer = try Self.container(source, admitsPictures)
        }
        choice = try StreamChoice(from: demuxer.pointer, census: census, wanted: wanted, path: file.path)
        (self.source, self.demuxer) = (source, demuxer)
    }

    private static func container(
        _ source: ByteSource, _ admitsPictures: Bool
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
        guard let demuxer = Demuxer.open(source, format: chosen, result: &result) else {
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
