import Base
import VideoDecoding

extension EncodingWorker {
    /// Hands over clips while they are read.
    static func handOverClips(_ path: String, _ options: ReadingOptions, most: Int, _ say: Say) {
        var count = 0
        let outcome = Result { () throws(LibraryError) in
            try naming { () throws(VideoError) in
                try DecodedClips().read(path: path, options: options, most: most) { clip in
                    say(ClipLines.writeStart(clip))
                    say(clip.frames)
                    count += 1
                    return true
                }
            }
            return count
        }
        say(ClipLines.writeEnd(outcome))
    }

    /// Hands over a still picture, as a clip.
    static func handOverStill(
        _ path: String, _ geometry: FrameGeometry, timeLimit: Double, _ say: Say
    ) {
        let outcome = Result { () throws(LibraryError) in
            let picture = try naming { () throws(VideoError) in
                try DecodedClips().still(path: path, geometry: geometry, timeLimit: timeLimit)
            }
            let clip = Clip(interval: TimeRange(start: 0, stop: 1), frames: picture)
            say(ClipLines.writeStart(clip))
            say(clip.frames)
            return 1
        }
        say(ClipLines.writeEnd(outcome))
    }

    /// Says how long a video lasts.
    static func sayDuration(_ path: String, _ options: ReadingOptions, _ say: Say) {
        let outcome = Result { () throws(LibraryError) in
            try naming { () throws(VideoError) in
                try DecodedClips().duration(path: path, options: options)
            }
        }
        say(ClipLines.writeDuration(outcome))
    }
}
