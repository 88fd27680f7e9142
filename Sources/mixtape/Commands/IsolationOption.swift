import ArgumentParser
import Isolation
import VideoDecoding

/// Which process reads files.
struct IsolationOption: ParsableArguments {
    @Flag(
        help: .init(
            "Decode files in this process instead of sandboxed worker processes. A file that crashes the decoder or takes all memory then ends the run."
        ))
    var inProcess = false

    /// What decodes for so many threads.
    func clips(threads: Int) -> any ClipSource {
        inProcess ? DecodedClips() : IsolatedClips(.own, threads: threads)
    }
}
