/// Why a file could not be read as video. `reason` is stable and machine-readable.
public struct VideoError: Error, Sendable, Equatable {
    /// The kinds of failure; the raw values are part of the JSON interface.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        case notFound = "not_found"
        case notAFile = "not_a_file"
        case permissionDenied = "permission_denied"
        case empty = "empty_file"
        case unrecognised = "unrecognised_format"
        case noVideoStream = "no_video_stream"
        case unsupportedCodec = "unsupported_codec"
        /// The pictures cannot be seen without a key.
        case encrypted = "encrypted"
        case damaged = "damaged"
        /// Pictures of more pixels, or a still picture of more bytes, than are read.
        case tooLarge = "too_large"
        /// More seconds than are read of a file that a stranger sends or names.
        case tooLong = "too_long"
        case noFrames = "no_frames"
        case timeLimit = "time_limit"
        case emptyRange = "empty_range"
        case cancelled = "cancelled"
        case readFailed = "read_failed"
        /// The network failed on its clips; nothing is wrong with the reading.
        case encodingFailed = "encoding_failed"
        /// The process that read it crashed, hung, or ran out of memory.
        case decoderFailed = "decoder_failed"
        /// No process that reads files can be started; nothing is wrong with the file.
        case decoderUnavailable = "decoder_unavailable"
    }
    /// The file, as it was named by the caller.
    public var path: String
    /// What a program can act on.
    public var reason: Reason
    /// One sentence without the path, such as "no video stream (an audio file with cover art)".
    public var detail: String

    /// `detail` is one sentence without the path.
    public init(path: String, reason: Reason, detail: String) {
        self.path = path
        self.reason = reason
        self.detail = detail
    }
}
