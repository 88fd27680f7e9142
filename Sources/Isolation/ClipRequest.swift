import Base
import VideoDecoding

/// Which clips of a file a worker is to hand over as they are.
struct ClipRequest: Equatable {
    var plan: ClipPlan
    var geometry: FrameGeometry
    /// The part of the video; nil for all of it.
    var range: TimeRange?
    /// No more are read.
    var most = Int.max
    /// Seconds that the time limit grows for each second of video.
    var growth = 0.0
    var seeks = true

    init(_ options: ReadingOptions, most: Int = .max) {
        plan = options.plan
        geometry = options.geometry
        range = options.range
        self.most = most
        growth = options.timeLimitGrowth
        seeks = options.seeks
    }

    /// Bytes of the frames of a clip.
    var clipBytes: Int { plan.framesPerClip * geometry.frameBytes }

    func options(
        timeLimit: Double, threads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) -> ReadingOptions {
        ReadingOptions(
            plan: plan, geometry: geometry, range: range, timeLimit: timeLimit, timeLimitGrowth: growth,
            threads: threads, seeks: seeks, isCancelled: isCancelled)
    }

    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("frames", .number(plan.framesPerClip)), .init("clip", .number(plan.clipDuration)),
            .init("stride", .number(plan.clipStride)), .init("growth", .number(growth)),
            .init("seeks", .bool(seeks)), .init("geometry", geometry.json),
        ]
        if let range {
            members.append(.init("from", .number(range.start)))
            if range.stop < .infinity { members.append(.init("to", .number(range.stop))) }
        }
        if most < .max { members.append(.init("most", .number(most))) }
        return .object(members)
    }

    /// Nil where `ReadingOptions` would not take it.
    init?(_ json: JSONValue) {
        guard let frames = json["frames"]?.intValue, (1...1 << 16).contains(frames),
            let clip = json["clip"]?.doubleValue, (1e-3..<1e6).contains(clip),
            let stride = json["stride"]?.doubleValue, (1e-3..<1e6).contains(stride),
            let growth = json["growth"]?.doubleValue, let seeks = json["seeks"]?.boolValue,
            let geometry = json["geometry"].flatMap(FrameGeometry.init(json:))
        else { return nil }
        plan = ClipPlan(framesPerClip: frames, clipDuration: clip, clipStride: stride)
        self.geometry = geometry
        range = json["from"]?.doubleValue.map {
            TimeRange(start: $0, stop: json["to"]?.doubleValue ?? .infinity)
        }
        most = json["most"]?.intValue ?? .max
        self.growth = growth
        self.seeks = seeks
    }
}

extension FrameGeometry {
    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("width", .number(width)), .init("height", .number(height)),
        ]
        if case .centerCrop(let resizeWidth, let resizeHeight) = fit {
            members.append(.init("resize_height", .number(resizeHeight)))
            if let resizeWidth { members.append(.init("resize_width", .number(resizeWidth))) }
        }
        return .object(members)
    }

    init?(json: JSONValue) {
        guard let width = json["width"]?.intValue, let height = json["height"]?.intValue,
            (1...8192).contains(width), (1...8192).contains(height)
        else { return nil }
        let fit = json["resize_height"]?.intValue.map {
            Fit.centerCrop(resizeWidth: json["resize_width"]?.intValue, resizeHeight: $0)
        }
        self.init(width: width, height: height, fit: fit ?? .stretch)
    }
}
