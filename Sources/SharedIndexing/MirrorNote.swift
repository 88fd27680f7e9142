import Base

/// How far a mirror has followed the shared index.
package struct MirrorPosition: Equatable, Sendable {
    /// The shared index's.
    package var uuid: String
    /// The last change of its files that was made here.
    package var sequence: Int64
    /// The state of its lists that was copied; −1 for none yet.
    package var lists: Int64

    package init(uuid: String, sequence: Int64, lists: Int64) {
        self.uuid = uuid
        self.sequence = sequence
        self.lists = lists
    }
}

/// The note of a mirror's position, in the mirror's folder.
///
/// A damaged sequence could be too high; changes would be skipped, and searches would silently lack videos. So a note that
/// does not equal, byte for byte, what its values encode to is treated as absent, and the mirror is made again. The same
/// happens if the copy's state is earlier than the note, as a kill and a damaged log may leave it.
package struct MirrorNote: Equatable, Sendable {
    package var position: MirrorPosition
    /// How far the copy itself had come by then, by `VideoIndex.sequence`.
    package var copySequence: Int64

    package init(position: MirrorPosition, copySequence: Int64) {
        self.position = position
        self.copySequence = copySequence
    }

    /// A line for its kind and format, a line a value, and a checksum over these.
    package var text: String {
        let values = """
            mixtape mirror 2
            uuid \(position.uuid)
            sequence \(position.sequence)
            lists \(position.lists)
            copy \(copySequence)

            """
        let hash = SHA256()
        Array(values.utf8).withUnsafeBytes { hash.update($0) }
        return values + "checksum \(hash.finish().prefix(16))\n"
    }

    /// Nil for everything but a whole note.
    package init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 6 else { return nil }
        func value(_ line: Int, _ name: String) -> Substring? {
            lines[line].hasPrefix(name + " ") ? lines[line].dropFirst(name.count + 1) : nil
        }
        guard let uuid = value(1, "uuid"), let sequence = value(2, "sequence").flatMap({ Int64($0) }),
            let lists = value(3, "lists").flatMap({ Int64($0) }),
            let copySequence = value(4, "copy").flatMap({ Int64($0) })
        else { return nil }
        position = MirrorPosition(uuid: String(uuid), sequence: sequence, lists: lists)
        self.copySequence = copySequence
        guard text.utf8.elementsEqual(bytes) else { return nil }
    }

    /// Nil where there is no note, or none that is whole.
    package static func read(_ path: String) -> MirrorNote? {
        guard let bytes = try? FileBytes.read(path, limit: 4096) else { return nil }
        return MirrorNote(bytes)
    }

    package func write(to path: String) throws(SystemError) {
        try AtomicFile.write(text, to: path)
    }
}
