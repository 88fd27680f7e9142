import Base

/// The first 256 bytes of a cache entry; the frames follow, height × width × 3 bytes each.
///
/// Little-endian: 0 magic `MIXFRAME` · 8 version · 12 width · 16 height · 20 frames (all UInt32) ·
/// 24 is a still (UInt32) · 32 settings · 40 checksum of the frames (UInt64) · 48 interval in seconds
/// (Float64) · 64 content fingerprint (64 ASCII bytes) · 248 checksum of bytes 0..<248 (UInt64).
struct CacheEntryHeader: Equatable {
    static let size = 256
    static let version: UInt32 = 1
    private static let magic = Array("MIXFRAME".utf8)

    var width: Int
    var height: Int
    var frameCount: Int
    var isStill: Bool
    /// A checksum of everything that decides how frames are made.
    var settings: UInt64
    var frameChecksum: UInt64
    var interval: Double
    var fingerprint: String

    var frameBytes: Int { width * height * 3 }

    func encoded() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        bytes.withUnsafeMutableBytes { buffer in
            buffer.copyBytes(from: Self.magic)
            func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
                buffer.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
            }
            put(Self.version, at: 8)
            put(UInt32(width), at: 12)
            put(UInt32(height), at: 16)
            put(UInt32(frameCount), at: 20)
            put(UInt32(isStill ? 1 : 0), at: 24)
            put(settings, at: 32)
            put(frameChecksum, at: 40)
            put(interval.bitPattern, at: 48)
            for (place, byte) in fingerprint.utf8.prefix(64).enumerated() { buffer[64 + place] = byte }
            var sum = FNVChecksum()
            sum.add(UnsafeRawBufferPointer(rebasing: buffer[..<248]))
            put(sum.value, at: 248)
        }
        return bytes
    }
}

extension CacheEntryHeader {
    /// Nil where the header, or the file's length, is not what it must be.
    init?(file: UnsafeRawBufferPointer) {
        guard file.count >= Self.size, Array(file[..<8]) == Self.magic else { return nil }
        func get<T: FixedWidthInteger>(_ offset: Int, as: T.Type) -> T {
            T(littleEndian: file.loadUnaligned(fromByteOffset: offset, as: T.self))
        }
        var sum = FNVChecksum()
        sum.add(UnsafeRawBufferPointer(rebasing: file[..<248]))
        guard sum.value == get(248, as: UInt64.self), get(8, as: UInt32.self) == Self.version else {
            return nil
        }
        width = Int(get(12, as: UInt32.self))
        height = Int(get(16, as: UInt32.self))
        frameCount = Int(get(20, as: UInt32.self))
        isStill = get(24, as: UInt32.self) == 1
        settings = get(32, as: UInt64.self)
        frameChecksum = get(40, as: UInt64.self)
        interval = Double(bitPattern: get(48, as: UInt64.self))
        fingerprint = String(decoding: file[64..<128].prefix { $0 != 0 }, as: UTF8.self)
        guard (1...4096).contains(width), (1...4096).contains(height), frameCount >= 1, interval > 0,
            file.count - Self.size == frameCount * width * height * 3
        else { return nil }
    }
}
