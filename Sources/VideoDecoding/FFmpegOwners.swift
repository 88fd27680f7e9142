// Every object of FFmpeg that must be freed has its owner here: a class that frees it in `deinit`.
internal import CFFmpeg

import Base

final class Packet {
    let pointer: UnsafeMutablePointer<AVPacket>

    init() {
        guard let pointer = av_packet_alloc() else { preconditionFailure("out of memory") }
        self.pointer = pointer
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVPacket>? = pointer
        av_packet_free(&pointer)
    }
}

final class Frame {
    let pointer: UnsafeMutablePointer<AVFrame>

    init() {
        guard let pointer = av_frame_alloc() else { preconditionFailure("out of memory") }
        self.pointer = pointer
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVFrame>? = pointer
        av_frame_free(&pointer)
    }
}

/// An open file as FFmpeg reads it: through our descriptor alone, so that no name in the file or of the file is
/// ever opened by FFmpeg itself.
final class ByteSource {
    let file: RegularFile
    let interruption: Interruption
    /// What FFmpeg is told of the name: its extension, which some formats are recognised by. Signs that mean
    /// something to FFmpeg ("%d", "concat:") do not reach it.
    var nameHint: String {
        let suffix = file.path.utf8.suffix(16)
        guard let dot = suffix.lastIndex(of: UInt8(ascii: ".")) else { return "file" }
        let ending = suffix[suffix.index(after: dot)...]
        let isPlain = ending.allSatisfy { $0 >= 48 && $0 < 58 || $0 | 32 >= 97 && $0 | 32 <= 122 }
        return isPlain ? "file." + String(decoding: ending, as: UTF8.self) : "file"
    }

    /// The error number of a failed read.
    private(set) var failure: Int32?
    private var position: Int64 = 0
    private(set) var pointer: UnsafeMutablePointer<AVIOContext>!

    init(file: RegularFile, interruption: Interruption) {
        self.file = file
        self.interruption = interruption
        let bufferSize = 64 << 10
        let buffer = av_malloc(bufferSize)?.assumingMemoryBound(to: UInt8.self)
        pointer = avio_alloc_context(
            buffer, Int32(bufferSize), 0, Unmanaged.passUnretained(self).toOpaque(),
            { opaque, buffer, count in
                guard let opaque, let buffer, count > 0 else { return mixtape_error_io }
                return Unmanaged<ByteSource>.fromOpaque(opaque).takeUnretainedValue().read(buffer, count)
            }, nil,
            { opaque, offset, whence in
                guard let opaque else { return -1 }
                return Unmanaged<ByteSource>.fromOpaque(opaque).takeUnretainedValue().seek(offset, whence)
            })
        guard pointer != nil else { preconditionFailure("out of memory") }
    }

    deinit {
        av_free(pointer.pointee.buffer)
        avio_context_free(&pointer)
    }

    private func read(_ buffer: UnsafeMutablePointer<UInt8>, _ count: Int32) -> Int32 {
        if interruption.shouldStop { return mixtape_error_exit }
        let got = file.read(
            into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)), at: position)
        if got < 0 {
            failure = Int32(-got)
            return mixtape_error_io
        }
        position += Int64(got)
        return got == 0 ? mixtape_error_end : Int32(got)
    }

    private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        let base: Int64
        switch whence & ~AVSEEK_FORCE {
        case AVSEEK_SIZE: return file.currentSize
        case 0: base = 0
        case 1: base = position
        case 2: base = file.currentSize
        default: return -1
        }
        let (target, overflow) = base.addingReportingOverflow(offset)
        guard !overflow, target >= 0 else { return -1 }
        position = target
        return target
    }
}

/// A demuxer on a byte source.
final class Demuxer {
    let source: ByteSource
    let pointer: UnsafeMutablePointer<AVFormatContext>

    /// Reads the container's header with a demuxer that was chosen before; a negative result is FFmpeg's error.
    ///
    /// - Parameter ignoresEdits: whether all of an MP4 file is shown, whatever its edit list says.
    static func open(
        _ source: ByteSource, format: UnsafePointer<AVInputFormat>, ignoresEdits: Bool = false,
        result: inout Int32
    ) -> Demuxer? {
        guard let context = avformat_alloc_context() else { preconditionFailure("out of memory") }
        context.pointee.pb = source.pointer
        context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        context.pointee.interrupt_callback = AVIOInterruptCB(
            callback: { opaque in
                guard let opaque else { return 0 }
                let source = Unmanaged<ByteSource>.fromOpaque(opaque).takeUnretainedValue()
                return source.interruption.shouldStop ? 1 : 0
            }, opaque: Unmanaged.passUnretained(source).toOpaque())
        // Playlists and references inside a container must open nothing: neither through this context
        // (io_open) nor through one that a demuxer makes for itself (it inherits the empty whitelist, as those of
        // concat and dash do).
        context.pointee.io_open = { _, _, _, _, _ in mixtape_error_refused }
        var settings: OpaquePointer?
        av_dict_set(&settings, "protocol_whitelist", "none", 0)
        if ignoresEdits { av_dict_set(&settings, "ignore_editlist", "1", 0) }
        defer { av_dict_free(&settings) }
        var pointer: UnsafeMutablePointer<AVFormatContext>? = context
        // On failure FFmpeg frees the context itself.
        result = avformat_open_input(&pointer, source.nameHint, format, &settings)
        guard result >= 0, let pointer else { return nil }
        return Demuxer(source: source, pointer: pointer)
    }

    private init(source: ByteSource, pointer: UnsafeMutablePointer<AVFormatContext>) {
        self.source = source
        self.pointer = pointer
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVFormatContext>? = pointer
        avformat_close_input(&pointer)
    }

    /// Looks into the streams; `maximumPixels` bounds the pictures that this decodes.
    func findStreamInformation(maximumPixels: Int64) -> Int32 {
        let count = Int(pointer.pointee.nb_streams)
        return withUnsafeTemporaryAllocation(of: OpaquePointer?.self, capacity: max(count, 1)) { settings in
            settings.initialize(repeating: nil)
            for index in 0..<count {
                av_dict_set_int(&settings[index], "max_pixels", maximumPixels, 0)
            }
            defer { for index in 0..<count { av_dict_free(&settings[index]) } }
            return avformat_find_stream_info(pointer, settings.baseAddress)
        }
    }
}

/// A container that is opened whatever its demuxer is, playlists too. `FrameReader` refuses those by name before; this
/// shows that they would open nothing all the same.
package enum UnrefusedContainer {
    /// The demuxer that the file's bytes ask for, and how many packets it gives, 100 at most; nil if there is none.
    package static func read(path: String) throws(VideoError) -> (demuxer: String, packets: Int)? {
        _ = FrameReader.silence
        let interruption = Interruption(timeLimit: 20, growth: 0, isCancelled: { false })
        interruption.resume()
        let source = ByteSource(file: try RegularFile(path: path), interruption: interruption)
        var format: UnsafePointer<AVInputFormat>?
        let score = av_probe_input_buffer2(source.pointer, &format, source.nameHint, nil, 0, 0)
        guard score >= 0, let format else { return nil }
        let name = String(cString: format.pointee.name)
        var result: Int32 = 0
        guard let demuxer = Demuxer.open(source, format: format, result: &result) else { return (name, 0) }
        let packet = Packet()
        var count = 0
        while count < 100, av_read_frame(demuxer.pointer, packet.pointer) >= 0 {
            count += 1
            av_packet_unref(packet.pointer)
        }
        return (name, count)
    }
}

/// An open decoder of one stream.
final class Decoder {
    let pointer: UnsafeMutablePointer<AVCodecContext>

    static func open(
        _ codec: UnsafePointer<AVCodec>, stream: UnsafePointer<AVStream>, threads: Int, maximumPixels: Int64,
        result: inout Int32
    ) -> Decoder? {
        guard let context = avcodec_alloc_context3(codec) else { preconditionFailure("out of memory") }
        let decoder = Decoder(pointer: context)
        result = avcodec_parameters_to_context(context, stream.pointee.codecpar)
        guard result >= 0 else { return nil }
        context.pointee.pkt_timebase = stream.pointee.time_base
        context.pointee.max_pixels = maximumPixels
        context.pointee.thread_count = Int32(clamping: max(1, threads))
        context.pointee.thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE
        result = avcodec_open2(context, codec, nil)
        return result >= 0 ? decoder : nil
    }

    /// Of packets that come from no stream, on one thread.
    static func open(_ codec: UnsafePointer<AVCodec>, maximumPixels: Int64) -> Decoder? {
        guard let context = avcodec_alloc_context3(codec) else { preconditionFailure("out of memory") }
        let decoder = Decoder(pointer: context)
        context.pointee.max_pixels = maximumPixels
        return avcodec_open2(context, codec, nil) >= 0 ? decoder : nil
    }

    private init(pointer: UnsafeMutablePointer<AVCodecContext>) { self.pointer = pointer }

    deinit {
        var pointer: UnsafeMutablePointer<AVCodecContext>? = pointer
        avcodec_free_context(&pointer)
    }
}

/// An open encoder of pictures.
final class Encoder {
    let pointer: UnsafeMutablePointer<AVCodecContext>

    /// Nil where FFmpeg was built without the codec, or where it refuses the size.
    static func open(
        _ identifier: AVCodecID, width: Int, height: Int, format: AVPixelFormat, quality: Int32
    ) -> Encoder? {
        guard let codec = avcodec_find_encoder(identifier) else { return nil }
        guard let context = avcodec_alloc_context3(codec) else { preconditionFailure("out of memory") }
        let encoder = Encoder(pointer: context)
        context.pointee.width = Int32(width)
        context.pointee.height = Int32(height)
        context.pointee.pix_fmt = format
        context.pointee.color_range = AVCOL_RANGE_JPEG
        context.pointee.time_base = AVRational(num: 1, den: 25)
        context.pointee.flags |= AV_CODEC_FLAG_QSCALE
        context.pointee.global_quality = quality
        context.pointee.thread_count = 1
        return avcodec_open2(context, codec, nil) >= 0 ? encoder : nil
    }

    private init(pointer: UnsafeMutablePointer<AVCodecContext>) { self.pointer = pointer }

    deinit {
        var pointer: UnsafeMutablePointer<AVCodecContext>? = pointer
        avcodec_free_context(&pointer)
    }
}

/// A scaler and colour converter for one kind of picture.
final class Scaler {
    let pointer: OpaquePointer

    init?(
        width: Int32, height: Int32, format: AVPixelFormat, toWidth: Int32, toHeight: Int32,
        toFormat: AVPixelFormat, flags: Int32
    ) {
        let made = sws_getContext(width, height, format, toWidth, toHeight, toFormat, flags, nil, nil, nil)
        guard let made else { return nil }
        pointer = made
    }

    deinit { sws_freeContext(pointer) }
}

/// Memory for pictures, aligned for SIMD.
final class PixelBuffer {
    let pointer: UnsafeMutablePointer<UInt8>
    let count: Int

    init(count: Int) {
        self.count = count
        pointer = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
            .bindMemory(to: UInt8.self, capacity: count)
        pointer.initialize(repeating: 0, count: count)
    }

    deinit { pointer.deallocate() }
}
