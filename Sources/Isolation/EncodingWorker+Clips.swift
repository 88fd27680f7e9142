import Base
import VideoDecoding

extension EncodingWorker {
    /// Hands over clips while they are read.
    static func handOverClips(
        _ path: String, _ options: ReadingOptions, most: Int, _ voice: WorkerVoice
    ) {
        var count = 0
        let outcome = WorkerFailure.outcome { () throws(VideoError) in
            try DecodedClips().read(path: path, options: options, most: most) { clip in
                voice.say(ClipAnswer.write(clip))
                count += 1
                return true
            }
            return count
        }
        voice.say(ClipAnswer.writeEnd(outcome))
    }

    /// Hands over a still picture, as a clip.
    static func handOverStill(
        _ path: String, _ geometry: FrameGeometry, timeLimit: Double, _ voice: WorkerVoice
    ) {
        let outcome = WorkerFailure.outcome { () throws(VideoError) in
            let picture = try DecodedClips().still(path: path, geometry: geometry, timeLimit: timeLimit)
            voice.say(ClipAnswer.write(Clip(interval: TimeRange(start: 0, stop: 1), frames: picture)))
            return 1
        }
        voice.say(ClipAnswer.writeEnd(outcome))
    }

    /// Says how long a video lasts.
    static func sayDuration(_ path: String, _ options: ReadingOptions, _ voice: WorkerVoice) {
        let outcome = WorkerFailure.outcome { () throws(VideoError) in
            try DecodedClips().duration(path: path, options: options)
        }
        voice.say(ClipAnswer.writeDuration(outcome))
    }
}
