import Base
import Glibc
import Synchronization
import VideoEncoding

/// The clips of labelled videos, decoded once to be read many times.
///
/// They lie in a file without a name, which is gone with its owner and with the process, however that ends. Clip k of
/// video v begins at (v·n + k) clips; what a short video does not have takes no room on the disk.
package final class ClipShelf: Sendable {
    /// T × height × width × 3.
    package let clipBytes: Int
    /// Of every video, how many clips it has; 0 where it was not wanted.
    package let clipCounts: [Int]
    private let stride: Int
    private let file: UnnamedFile

    /// Decodes.
    ///
    /// - Parameters:
    ///   - wanted: which of the videos.
    ///   - folder: where the file is made.
    ///   - tick: called ten times a second with the number of videos done.
    package init(
        _ videos: [LabelledVideo], wanted: [Int], clips: UniformClips, folder: String, workers: Int,
        tick: (Int) -> Void = { _ in }
    ) throws(EvaluationError) {
        let file = try UnnamedFile(in: folder)
        let size = clips.plan.framesPerClip * clips.geometry.frameBytes
        let state = State(count: videos.count)
        let count = clips.count
        Workers.run(
            count: wanted.count, threads: workers, tick: { tick(state.known.withLock(\.done)) },
            makeState: { () throws(Never) in }
        ) { _, place in
            let video = wanted[place]
            var taken = 0
            do throws(VideoError) {
                _ = try clips.read(path: videos[video].path) { clip in
                    guard clip.frames.count == size,
                        file.write(clip.frames, at: (video * count + taken) * size)
                    else {
                        state.fail(
                            .file(
                                path: folder, line: nil,
                                problem:
                                    "decoded clips cannot be kept there: \(SystemError.message().lowercased())",
                                hint: "free some space, or name a folder with room by --work"))
                        return false
                    }
                    taken += 1
                    return true
                }
            } catch {
                state.fail(
                    error.reason == .cancelled
                        ? .cancelled
                        : .file(
                            path: error.path, line: nil, problem: error.detail,
                            hint: "it was readable before; measure again, or leave it out with --exclude")
                )
            }
            let number = taken
            return state.known.withLock {
                $0.counts[video] = number
                $0.done += 1
                return $0.failure == nil
            }
        }
        if clips.isCancelled() { throw .cancelled }
        let known = state.known.withLock { $0 }
        if let failure = known.failure { throw failure }
        clipBytes = size
        clipCounts = known.counts
        stride = count
        self.file = file
    }

    /// One clip's bytes.
    package func read(
        video: Int, clip: Int, into bytes: UnsafeMutableBufferPointer<UInt8>
    ) throws(EvaluationError) {
        precondition(bytes.count == clipBytes && clip < clipCounts[video])
        guard file.read(into: UnsafeMutableRawBufferPointer(bytes), at: (video * stride + clip) * clipBytes)
        else {
            throw .file(
                path: file.folder, line: nil,
                problem: "the clips kept there cannot be read back: \(SystemError.message().lowercased())",
                hint: "name another folder with --work")
        }
    }

    /// What the threads of one decoding share.
    private final class State: Sendable {
        struct Known {
            var counts: [Int]
            var done = 0
            var failure: EvaluationError?
        }
        let known: Mutex<Known>

        init(count: Int) { known = Mutex(Known(counts: [Int](repeating: 0, count: count))) }

        func fail(_ error: EvaluationError) { known.withLock { $0.failure = $0.failure ?? error } }
    }
}

/// A file that no name leads to; freed with its owner.
private final class UnnamedFile: Sendable {
    let folder: String
    private let descriptor: Int32

    init(in folder: String) throws(EvaluationError) {
        var template = Array("\(folder)/mixtape-clips-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw .file(
                path: folder, line: nil,
                problem: "no file can be made there: \(SystemError.message().lowercased())",
                hint: "name a writable folder with --work")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
        self.folder = folder
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], at offset: Int) -> Bool {
        bytes.withUnsafeBytes { (try? FileBytes.write($0, to: descriptor, at: offset)) != nil }
    }

    func read(into raw: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
        FileBytes.read(descriptor, into: raw, at: Int64(offset)) == raw.count
    }
}
