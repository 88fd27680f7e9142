import Base
import Glibc

/// What the rows of a derived file of moments are.
package enum MomentsKind: Sendable {
    /// A row a video: the moments of its mixture.
    case videos
    /// A row a clip: its Gaussian. A video's clips stand together, in the order of time.
    case clips
    /// A row a part of more than one clip (`SceneTree`), in the order in which they form. A video's parts stand together.
    case scenes

    var fileName: String {
        switch self {
        case .videos: "/moments.bin"
        case .clips: "/clips.bin"
        case .scenes: "/scenes.bin"
        }
    }

    /// The file's first eight bytes.
    var magic: UInt64 {
        switch self {
        case .videos: 0x316D_6F6D_7478_696D  // "mixtmom1"
        case .clips: 0x3170_6C63_7478_696D  // "mixtclp1"
        case .scenes: 0x316E_6373_7478_696D  // "mixtscn1"
        }
    }
}

/// What a moments file must correspond to.
struct MomentsStamp: Equatable {
    /// Of the sequence in the header.
    static let sequenceOffset = 32
    var kind: MomentsKind
    var uuid: String
    var sequence: Int64
    var modelFingerprint: String
    var count: Int
    var dimension: Int

    init(_ library: LibraryRow, _ kind: MomentsKind) {
        self.kind = kind
        uuid = library.uuid
        sequence = library.sequence
        modelFingerprint = library.model.fingerprint
        count =
            switch kind {
            case .videos: library.counts.ready
            case .clips: library.counts.clips
            // A video of n clips has n − 1.
            case .scenes: library.counts.clips - library.counts.ready
            }
        dimension = library.model.dimension
    }

    /// The header's first 128 bytes.
    fileprivate func header(_ layout: MomentsLayout) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 128)
        func put<T: FixedWidthInteger>(_ value: T, at offset: Int) {
            withUnsafeBytes(of: value.littleEndian) {
                bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
            }
        }
        func put(_ text: String, at offset: Int, count: Int) {
            for (i, byte) in text.utf8.prefix(count).enumerated() { bytes[offset + i] = byte }
        }
        put(kind.magic, at: 0)
        put(MomentsLayout.version, at: 8)
        put(UInt32(layout.dimension), at: 12)
        put(UInt32(layout.stride), at: 16)
        put(UInt64(layout.count), at: 24)
        put(sequence, at: Self.sequenceOffset)
        put(UInt64(uuid.prefix(16), radix: 16) ?? 0, at: 40)
        put(UInt64(uuid.suffix(16), radix: 16) ?? 0, at: 48)
        put(UInt64(layout.fileSize), at: 56)
        put(modelFingerprint, at: 64, count: 64)
        return bytes
    }
}

/// Reading and writing `moments.bin`, `clips.bin` and `scenes.bin`.
enum MomentsFile {
    /// Maps the file where its head and tail are whole and correspond to `stamp`; nil where it is missing, older or
    /// damaged. The rows are left unread: whoever uses one checks it.
    static func map(folder: String, stamp: MomentsStamp) -> MomentsTable? {
        guard let layout = MomentsLayout(count: stamp.count, dimension: stamp.dimension) else { return nil }
        let descriptor = open(folder + stamp.kind.fileName, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let status = FileStatus(descriptor: descriptor), status.isRegular,
            Int(status.size) == layout.fileSize,
            let base = mmap(nil, layout.fileSize, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED
        else { return nil }
        let header = stamp.header(layout)
        guard header.withUnsafeBytes({ memcmp($0.baseAddress!, base, $0.count) }) == 0,
            layout.checksum(ofHeaderIn: base)
                == base.load(fromByteOffset: MomentsLayout.headerChecksumOffset, as: UInt64.self),
            layout.checksum(ofTailIn: base)
                == base.load(fromByteOffset: MomentsLayout.tailChecksumOffset, as: UInt64.self)
        else {
            munmap(base, layout.fileSize)
            return nil
        }
        return MomentsTable(base: base, layout: layout, stamp: stamp, rowsAreWhole: false)
    }

    /// Makes the table by `fill`, in the file where the folder can be written and has the space, else in memory.
    ///
    /// The file is complete and on the disk before it takes its name, so no reader ever maps half of one; of two
    /// processes that do this at once the last one's name stays, and both are right.
    static func make(
        folder: String, stamp: MomentsStamp,
        _ fill: (_ base: UnsafeMutableRawPointer, _ layout: MomentsLayout) throws -> Void
    ) throws -> MomentsTable {
        guard let layout = MomentsLayout(count: stamp.count, dimension: stamp.dimension) else {
            throw IndexError.corrupted(folder, "its counts are impossible")
        }
        // None where the folder cannot be written or lacks the space.
        let file = try? AtomicFile(path: folder + stamp.kind.fileName)
        let isOnDisk = (try? file?.reserve(layout.fileSize)) != nil
        let flags = isOnDisk ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS
        guard
            let base = mmap(
                nil, layout.fileSize, PROT_READ | PROT_WRITE, flags, isOnDisk ? file?.descriptor ?? -1 : -1, 0
            ),
            base != MAP_FAILED
        else {
            throw IndexError(
                reason: .failed, path: folder,
                message: "not enough memory for the moments of \(stamp.count) \(stamp.kind)")
        }
        do {
            try fill(base, layout)
        } catch {
            munmap(base, layout.fileSize)
            throw error
        }
        layout.complete(base, header: stamp.header(layout))
        if isOnDisk, msync(base, layout.fileSize, MS_SYNC) == 0 { try? file?.commit() }
        mprotect(base, layout.fileSize, PROT_READ)
        return MomentsTable(base: base, layout: layout, stamp: stamp, rowsAreWhole: true)
    }

    /// Deletes files of a state that the database has lost, as it does where its log is damaged: the sequence will come to theirs
    /// again by other changes, and nothing else would tell them from files of these.
    static func removeLater(than sequence: Int64, in folder: String) {
        for kind in [MomentsKind.videos, .clips, .scenes] {
            let path = folder + kind.fileName
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var stored: Int64 = 0
            guard pread(descriptor, &stored, 8, off_t(MomentsStamp.sequenceOffset)) == 8 else { continue }
            if Int64(littleEndian: stored) > sequence { unlink(path) }
        }
    }

    /// Deletes temporary files whose makers are gone: those whose lock is free.
    static func removeAbandoned(in folder: String) {
        for name in Folder.names(in: folder) ?? [] {
            // `.tmp` is of earlier versions.
            let isTemporary =
                name.hasSuffix(AtomicFile.temporaryEnding)
                || name.hasSuffix(".tmp") && (name.hasPrefix("moments.") || name.hasPrefix("empty."))
            guard isTemporary else { continue }
            AtomicFile.remove(ifAbandoned: folder + "/" + name)
        }
    }
}

extension MomentsLayout {
    /// Adds to the rows, log determinants and numbers what follows from them.
    fileprivate func complete(_ base: UnsafeMutableRawPointer, header: [UInt8]) {
        for row in 0..<count {
            base.storeBytes(
                of: checksum(ofRow: row, in: base), toByteOffset: rowChecksums + row * 8, as: UInt64.self)
        }
        if let codes {
            CoarseCodes.write(
                means: (base + MomentsLayout.headerSize).assumingMemoryBound(to: Float.self),
                variances: (base + variances).assumingMemoryBound(to: Float.self),
                count: count, dimension: dimension, stride: stride, to: base + codes)
        }
        header.withUnsafeBytes { base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        base.storeBytes(
            of: checksum(ofTailIn: base), toByteOffset: MomentsLayout.tailChecksumOffset, as: UInt64.self)
        base.storeBytes(
            of: checksum(ofHeaderIn: base), toByteOffset: MomentsLayout.headerChecksumOffset,
            as: UInt64.self)
    }
}
