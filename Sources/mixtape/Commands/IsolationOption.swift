import ArgumentParser
import Service
import VideoDecoding

/// Which process reads files.
struct IsolationOption: ParsableArguments {
    @Flag(
        help: .init(
            "Read files in this process. By default worker processes do, so that a file that crashes the decoder, or takes all memory, fails alone."
        ))
    var inProcess = false

    /// What decodes for so many threads.
    func clips(threads: Int) -> any ClipSource {
        inProcess ? DecodedClips() : IsolatedClips(executable: "/proc/self/exe", threads: threads)
    }
}
