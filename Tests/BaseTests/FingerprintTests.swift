import Base
import Foundation
import TestSupport
import Testing

@Suite struct FingerprintTests {
    private func sha256(_ bytes: [UInt8], pieces: Int = 1) -> String {
        let hash = SHA256()
        let step = max(1, bytes.count / pieces)
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + step)
            bytes[start..<end].withUnsafeBytes { hash.update($0) }
            start = end
        }
        return hash.finish()
    }

    @Test func standardVectors() {
        #expect(sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            sha256(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(sha256(million) == expected)
        #expect(sha256(million, pieces: 37) == expected)
    }

    @Test func aFinishedHashStartsAfresh() {
        let hash = SHA256()
        _ = hash.finish()
        Array("abc".utf8).withUnsafeBytes { hash.update($0) }
        #expect(hash.finish().hasPrefix("ba7816bf"))
    }

    @Test func smallFilesAreHashedWhole() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let path = try folder.write(bytes, to: "whole.bin")
        #expect(try ContentFingerprint.of(path: path) == sha256(bytes))
    }

    @Test func largeFilesAreHashedInParts() throws {
        let folder = try TemporaryFolder()
        let size = (17 << 20) + 12_345
        var bytes = [UInt8](repeating: 0, count: size)
        for index in stride(from: 0, to: size, by: 997) { bytes[index] = UInt8(truncatingIfNeeded: index) }
        let path = try folder.write(bytes, to: "large.bin")

        var parts = withUnsafeBytes(of: UInt64(size).littleEndian) { Array($0) }
        parts += bytes[..<(1 << 20)]
        for index in 1...64 {
            let start = (size - 65_536) * index / 65
            parts += bytes[start..<(start + 65_536)]
        }
        parts += bytes[(size - (1 << 20))...]
        let whole = try ContentFingerprint.of(path: path)
        #expect(whole == sha256(parts))

        bytes[size - 1] ^= 1
        #expect(try ContentFingerprint.of(path: folder.write(bytes, to: "other.bin")) != whole)
    }

    @Test func copiesAgreeAndMissingFilesAreNamed() throws {
        let folder = try TemporaryFolder()
        let first = try folder.write([1, 2, 3], to: "a")
        let second = try folder.write([1, 2, 3], to: "b")
        #expect(try ContentFingerprint.of(path: first) == ContentFingerprint.of(path: second))
        let error = #expect(throws: VideoError.self) { try ContentFingerprint.of(path: first + ".gone") }
        #expect(error?.reason == .notFound)
        #expect(error?.path == first + ".gone")
    }
}
