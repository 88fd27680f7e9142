import Base
import VideoDecoding

/// The clips that a measurement takes of a video: so many, their starts spread evenly over it, as the literature does.
///
/// With n clips of d seconds of a video that lasts D, clip k starts at k·(D − d)/(n − 1), so that the first starts
/// with the video and the last ends with it; clips overlap where the video is shorter than n·d. Starts are never
/// nearer to each other than a clip's frames are, since such clips would be of the same pictures: a video little longer
/// than d gives fewer clips, one no longer than d gives one clip of all it has. One clip is the middle one. D is what the
/// container says; where it says too much, the last clips are missing, at least one is left.
package struct UniformClips {
    /// n.
    package let count: Int
    package let plan: ClipPlan
    package let geometry: FrameGeometry
    /// Which process decodes.
    package let source: any ClipSource
    package var timeLimit: Double
    package var isCancelled: @Sendable () -> Bool

    package init(
        count: Int, plan: ClipPlan, geometry: FrameGeometry, source: any ClipSource = DecodedClips(),
        timeLimit: Double = 600, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        precondition(count > 0, "a measurement takes clips")
        self.count = count
        self.plan = plan
        self.geometry = geometry
        self.source = source
        self.timeLimit = timeLimit
        self.isCancelled = isCancelled
    }

    /// The first clip's start, and the plan that gives the rest; for a known duration.
    package static func schedule(
        count: Int, plan: ClipPlan, duration: Double
    ) -> (start: Double, stride: Double, count: Int) {
        let spacing = plan.clipDuration / Double(plan.framesPerClip)
        let room = duration - plan.clipDuration
        guard room > 0, room.isFinite else { return (0, plan.clipDuration, 1) }
        // The last clip of the schedule must be whole although times are rounded.
        let fitting = min(Double(count), (room / spacing * (1 + 1e-9)).rounded(.down) + 1)
        let taken = max(1, Int(fitting))
        guard taken > 1 else { return (room / 2, plan.clipDuration, 1) }
        return (0, room / Double(taken - 1), taken)
    }

    /// Gives the clips to `body`, in order, until it returns false; returns how many it got, at least 1.
    package func read(path: String, _ body: (Clip) -> Bool) throws(VideoError) -> Int {
        var options = ReadingOptions(
            plan: plan, geometry: geometry, timeLimit: timeLimit, isCancelled: isCancelled)
        let duration = try source.duration(path: path, options: options)
        let schedule = Self.schedule(count: count, plan: plan, duration: duration)
        // A container may claim any duration.
        options.plan.clipStride = min(max(1e-3, schedule.stride), 999_999)
        if schedule.start > 0 { options.range = TimeRange(start: schedule.start, stop: .infinity) }
        var taken = 0
        try source.read(path: path, options: options, most: schedule.count) { clip in
            taken += 1
            return body(clip)
        }
        guard taken > 0 else {
            throw VideoError(path: path, reason: .noFrames, detail: "the video has no frames")
        }
        return taken
    }
}
