internal import CFFmpeg

/// SHA-256 (FIPS 180-4), by libavutil.
public final class SHA256 {
    private let context: OpaquePointer

    /// The hash of nothing so far.
    public init() {
        guard let context = av_sha_alloc() else { preconditionFailure("out of memory") }
        self.context = context
        av_sha_init(context, 256)
    }

    deinit { av_free(UnsafeMutableRawPointer(context)) }

    /// Takes in more bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        av_sha_update(context, base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    /// 64 lower-case hexadecimal digits of all bytes so far; the object then starts afresh.
    public func finish() -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digest in
            av_sha_final(context, digest.baseAddress)
            av_sha_init(context, 256)
            return String(unsafeUninitializedCapacity: 64) { text in
                for (index, byte) in digest.enumerated() {
                    text[2 * index] = Self.digit(byte >> 4)
                    text[2 * index + 1] = Self.digit(byte & 15)
                }
                return 64
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
