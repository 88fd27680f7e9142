import Base
import Glibc

/// The kernel's notices of what happens in folders (inotify(7)); one thread's.
package final class Inotify {
    /// One notice.
    package struct Event: Equatable, Sendable {
        /// The watch that it is about; −1 for an overflow of the queue.
        package var watch: Int32
        package var mask: UInt32
        /// Of the entry within the folder; empty where the folder itself is meant, and where the name is no text.
        package var name: String

        package init(watch: Int32, mask: UInt32, name: String) {
            self.watch = watch
            self.mask = mask
            self.name = name
        }

        func has(_ flags: Int32...) -> Bool { flags.contains { mask & UInt32($0) != 0 } }
        var isFolder: Bool { mask & Self.folder != 0 }
        var isOverflow: Bool { mask & Self.overflow != 0 }
        /// The watch is no more: its folder is gone, or it was taken back.
        var isEnd: Bool { mask & Self.ignored != 0 }

        // Swift takes some of these macros for signed numbers, and the last bit for none at all.
        static let folder: UInt32 = 0x4000_0000
        package static let overflow: UInt32 = 0x4000
        static let ignored: UInt32 = 0x8000
        static let unmounted: UInt32 = 0x2000
    }

    /// Everything that makes a file of a folder appear, grow, change or go, and folders too.
    private static let interests =
        UInt32(IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
        | UInt32(IN_DELETE_SELF | IN_MOVE_SELF) | UInt32(IN_ONLYDIR) | UInt32(IN_EXCL_UNLINK)

    private let descriptor: Int32

    init() throws(SystemError) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor < 0 { throw SystemError(operation: "watch") }
    }

    deinit { close(descriptor) }

    /// Watches a folder, and gives the number of the watch, which is that of an earlier one of the same folder.
    func add(_ folder: String) throws(SystemError) -> Int32 {
        let watch = inotify_add_watch(descriptor, folder, Self.interests)
        if watch < 0 { throw SystemError(operation: "watch") }
        return watch
    }

    func remove(_ watch: Int32) { inotify_rm_watch(descriptor, watch) }

    /// What has happened; waits up to so many seconds for the first notice. Ends early on a signal.
    func events(waiting seconds: Double) -> [Event] {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, Int32(max(0, min(seconds, 3600)) * 1000)) > 0 else { return [] }
        var events: [Event] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return events }
            events += buffer.withUnsafeBytes { Self.parse(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// Notices as the kernel writes them: watch, mask, cookie and length, 32 bits each, then the name, padded with zeros.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> [Event] {
        var events: [Event] = []
        var place = 0
        while place + 16 <= bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
            guard place + 16 + length <= bytes.count else { break }
            let name = bytes[place + 16..<place + 16 + length].prefix { $0 != 0 }
            events.append(
                Event(
                    watch: bytes.loadUnaligned(fromByteOffset: place, as: Int32.self),
                    mask: bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self),
                    name: String(validating: name, as: UTF8.self) ?? ""))
            place += 16 + length
        }
        return events
    }
}
