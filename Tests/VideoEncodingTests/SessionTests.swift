import Base
import Distributions
import Foundation
import NeuralNetwork
import Synchronization
import Tensors
import Testing
import TestSupport
import VideoDecoding
import VideoEncoding

@Suite struct SessionTests {
    @Test(arguments: Precision.supported)
    func aClipsGaussianDependsOnTheClipAlone(precision: Precision) throws {
        let encoder = try VideoEncoder(folder: sharedModel.path, precision: precision)
        let clips = randomClips(9, for: encoder.configuration)
        let one = try encoder.makeSession(threads: 1)
        let all = try one.encode(clips)
        #expect(try clips.flatMap { try one.encode([$0]) } == all)
        #expect(try encoder.makeSession(threads: 3).encode(clips) == all)
        #expect(try one.encode(clips.reversed()) == all.reversed())
        #expect(try one.encode([]) == [])
        #expect(Set(all.map { $0.mean }).count == clips.count)
    }

    /// A clip that comes alone is spread over the threads; what it is encoded to must not show it.
    @Test(arguments: [ModelPreset.slowOnly18(width: 32), .r3d18], [2, 3])
    func aLoneClipIsEncodedAsAmongOthers(preset: ModelPreset, threads: Int) throws {
        let folder = try TemporaryFolder()
        try ModelFactory.create(
            at: "\(folder.path)/model", configuration: preset.configuration(dimension: 64), seed: 5,
            clipCount: 2)
        for precision in Precision.supported {
            let encoder = try VideoEncoder(folder: "\(folder.path)/model", precision: precision)
            // Batches for every thread, and a rest.
            let clips = randomClips(preset != .r3d18 ? 13 : 3, for: encoder.configuration)
            let session = try encoder.makeSession(threads: threads)
            let together = try session.encode(clips)
            #expect(try clips.flatMap { try session.encode([$0]) } == together)
            #expect(try session.encode(clips) == together)
        }
    }

    @Test func gaussiansAreWhatTheIndexStores() throws {
        let session = try VideoEncoder(folder: sharedModel.path).makeSession(threads: 1)
        for gaussian in try session.encode(randomClips(3, for: session.encoder.configuration)) {
            for value in gaussian.mean + gaussian.logVariance {
                #expect(Float(Float16(value)) == value)
            }
            let norm = gaussian.mean.reduce(0) { $0 + $1 * $1 }
            #expect(abs(norm - 1) < 1e-2)
            #expect(gaussian.logVariance.allSatisfy { (-10...4).contains($0) })
        }
    }

    @Test(.enabled(if: ComputeEngine.hasNativeBFloat16)) func bfloat16IsNearFloat32() throws {
        let configuration = tinyConfiguration()
        let clips = randomClips(6, for: configuration)
        let gaussians = try [Precision.float32, .bfloat16].map {
            try VideoEncoder(folder: sharedModel.path, precision: $0).makeSession(threads: 1).encode(clips)
        }
        for (a, b) in zip(gaussians[0], gaussians[1]) { #expect(cosine(a.mean, b.mean) > 0.999) }
    }

    /// Sessions of several threads at once share the weights.
    @Test func sessionsRunSideBySide() async throws {
        let encoder = try VideoEncoder(folder: sharedModel.path)
        let clips = randomClips(6, for: encoder.configuration)
        let expected = try encoder.makeSession(threads: 1).encode(clips)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let session = try encoder.makeSession(threads: 1)
                    return try (0..<3).allSatisfy { _ in try session.encode(clips) == expected }
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }

    @Test func perClipNormalizationIgnoresBrightnessAndContrast() throws {
        let extent = Extent3D(2, 8, 8)
        let frames = (0..<extent.product * 3).map { UInt8(60 + ($0 * 7919) % 64) }
        let brighter = frames.map { UInt8(2 * Int($0) + 5) }
        func normalized(_ frames: [UInt8], perClip: Bool) -> [Float] {
            let normalizer = ClipNormalizer(
                InputNormalization(mean: [0, 0.1, 0], standardDeviation: [1, 2, 1], isPerClip: perClip),
                precision: .float32)
            return Tensor(shape: [frames.count]) { (values: UnsafeMutableBufferPointer<Float>) in
                normalizer.write(frames, to: UnsafeMutableRawBufferPointer(values))
            }.values
        }
        let (a, b) = (normalized(frames, perClip: true), normalized(brighter, perClip: true))
        #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 })
        // Planar, with the channel's own mean and deviation.
        let fixed = normalized(frames, perClip: false)
        for cell in 0..<extent.product {
            let green = (Float(frames[3 * cell + 1]) / 255 - 0.1) / 2
            #expect(abs(fixed[extent.product + cell] - green) < 1e-6)
        }
        // A flat clip is zeros, not NaN.
        #expect(normalized([UInt8](repeating: 9, count: 48), perClip: true).allSatisfy { abs($0) < 0.06 })
    }
}

@Suite struct VideoTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func video(_ name: String, seconds: Double) throws -> String {
        try FFmpeg.draw("testsrc2=size=96x64:rate=12", seconds: seconds, to: folder.file(name))
    }

    @Test func aVideoIsEncodedTheSameWithAndWithoutOverlap() throws {
        let path = try video("a.mp4", seconds: 5)
        let encoder = try VideoEncoder(folder: sharedModel.path)
        let one = try encoder.makeSession(threads: 1)
        let inTurn = try one.encode(path: path, overlapped: false)
        #expect(inTurn.intervals.count >= 5)
        #expect(inTurn.intervals.count == inTurn.mixture.components.count)
        for session in [one, try encoder.makeSession(threads: 3)] {
            let overlapped = try session.encode(path: path)
            #expect(overlapped.mixture == inTurn.mixture)
            #expect(overlapped.intervals == inTurn.intervals)
            #expect(overlapped.facts == inTurn.facts)
        }
        let part = try one.encode(path: path, range: TimeRange(start: 1, stop: 3))
        #expect(part.intervals.count < inTurn.intervals.count)
    }

    /// Clips that repeat the one before are encoded once; what comes of it is that of encoding each.
    @Test(arguments: [1, 3]) func whatRepeatsIsTheSameAsEncodedAgain(threads: Int) throws {
        let path = try FFmpeg.draw(
            "testsrc2=size=96x64:rate=1/4", seconds: 12, to: folder.file("still.mkv"),
            ["-vf", "fps=12", "-c:v", "ffv1"])
        let encoder = try VideoEncoder(folder: sharedModel.path)
        let session = try encoder.makeSession(threads: threads)
        let plan = encoder.configuration
        let reader = try ClipReader(
            path: path, options: ReadingOptions(plan: plan.plan, geometry: plan.geometry))
        var clips: [Clip] = []
        while let clip = try reader.next() { clips.append(clip) }
        #expect(clips.contains { $0.isRepeat } && clips.contains { !$0.isRepeat })
        let video = try session.encode(path: path)
        #expect(video.intervals == clips.map(\.interval))
        #expect(video.mixture.components == (try session.encode(clips)))
    }

    /// A picture that stands for long is one clip, however many frames tell of it.
    @Test(arguments: [1, 3]) func aLongStillIsOneClip(threads: Int) throws {
        let path = try FFmpeg.draw(
            "testsrc2=size=96x64:rate=1/16", seconds: 48, to: folder.file("long.mkv"),
            ["-vf", "fps=12", "-c:v", "ffv1"])
        let encoder = try VideoEncoder(folder: sharedModel.path)
        let video = try encoder.makeSession(threads: threads).encode(path: path)
        // Three pictures, and a clip across a border where one does not end with a clip.
        #expect((3...5).contains(video.intervals.count), "\(video.intervals)")
        #expect(video.intervals.count { $0.duration > 12 } == 3)
        #expect(video.intervals.last.map { abs($0.stop - 48) < 0.1 } == true)
        #expect(video.mixture.components.count == video.intervals.count)
        #expect(video.signatures.count == video.intervals.count)
    }

    /// What a decoder made up of nothing is no part of the video, unless there is nothing else.
    @Test(arguments: [1, 3]) func whatIsMadeUpWeighsNothing(threads: Int) throws {
        let path = try FFmpeg.draw(
            "testsrc2=size=96x64:rate=12", seconds: 12, to: folder.file("whole.mp4"),
            ["-c:v", "mpeg4", "-q:v", "2", "-bf", "0", "-g", "48", "-sc_threshold", "1000000000"])
        let session = try VideoEncoder(folder: sharedModel.path).makeSession(threads: threads)
        let whole = try session.encode(path: path)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // Near the start of the second of three groups of four seconds.
        let place = bytes.count * 36 / 100
        for index in 0..<600 { bytes[place + index] = UInt8(truncatingIfNeeded: index &* index &* 31) }
        let broken = try folder.write(bytes, to: "broken.mp4")
        let video = try session.encode(path: broken)
        #expect(video.facts.decodedShare < 1)
        #expect(video.intervals.count < whole.intervals.count, "\(video.intervals)")
        #expect(video.mixture.components.count == video.intervals.count)
        // What is left is what the whole video has there.
        let pairs = zip(whole.intervals, whole.mixture.components)
        for (interval, component) in zip(video.intervals, video.mixture.components)
        where interval.stop <= 4 || interval.start >= 8 {
            #expect(pairs.contains { $0 == interval && $1 == component }, "\(interval)")
        }
        #expect(video.intervals.contains { $0.stop <= 4 } && video.intervals.contains { $0.start >= 8 })
    }

    /// Of a video that is one clip by what its file says, the clip is spread over the threads.
    @Test func aVideoOfOneClipIsEncodedTheSame() throws {
        let encoder = try VideoEncoder(folder: sharedModel.path)
        let one = try encoder.makeSession(threads: 1)
        let two = try encoder.makeSession(threads: 2)
        for (name, seconds) in [("short.mp4", 0.5), ("one.mp4", 1), ("long.mp4", 1.7)] {
            let path = try video(name, seconds: seconds)
            let inTurn = try one.encode(path: path, overlapped: false)
            let overlapped = try two.encode(path: path)
            #expect(overlapped.mixture == inTurn.mixture)
            #expect(overlapped.intervals == inTurn.intervals)
        }
        let path = try video("part.mp4", seconds: 6)
        let range = TimeRange(start: 2, stop: 3)
        let part = try two.encode(path: path, range: range)
        #expect(part.intervals.count == 1)
        #expect(part.mixture == (try one.encode(path: path, range: range, overlapped: false)).mixture)
    }

    /// Clips of several files run together where that is faster; no file may see its company, and each keeps its place.
    @Test(arguments: [1, 2]) func filesTogetherAreThoseAlone(threads: Int) throws {
        let model = try TemporaryFolder()
        try ModelFactory.create(
            at: "\(model.path)/model",
            configuration: ModelPreset.slowOnly18(width: 32).configuration(dimension: 64), seed: 5,
            clipCount: 2)
        let encoder = try VideoEncoder(folder: "\(model.path)/model", precision: .float32)
        let session = try encoder.makeSession(threads: threads)
        try folder.write("no video at all", to: "text.mp4")
        let paths =
            try [("a", 1.0), ("b", 5), ("c", 0.5)].map { try video("\($0).mp4", seconds: $1) }
            + ["\(folder.path)/text.mp4", "\(folder.path)/none.mp4"]
            + [("d", 11.0), ("e", 3)].map { try video("\($0).mp4", seconds: $1) }
        var results: [Result<EncodedVideo, VideoError>] = []
        session.encode(paths.map { FileToEncode(path: $0) }) { place, result in
            #expect(place == results.count)
            results.append(result)
        }
        #expect(results.count == paths.count)
        var clips = 0
        for (path, result) in zip(paths, results) {
            let alone = Result { () throws(VideoError) in
                try session.encode(path: path, overlapped: false)
            }
            switch (result, alone) {
            case (.success(let video), .success(let other)):
                #expect(video.mixture == other.mixture && video.intervals == other.intervals)
                #expect(video.facts == other.facts)
                clips += video.intervals.count
            case (.failure(let error), .failure(let other)): #expect(error == other)
            default: Issue.record("\(path) fares otherwise in company")
            }
        }
        // Two batches and a rest, where there are batches.
        #expect(clips >= 9)
    }

    @Test func cancellingLeavesWhatIsDone() throws {
        let session = try VideoEncoder(folder: sharedModel.path).makeSession(threads: 1)
        let good = try video("good.mp4", seconds: 3)
        let isCancelled = Mutex(false)
        var reasons: [VideoError.Reason?] = []
        let files = [good, "\(folder.path)/none.mp4", good].map { FileToEncode(path: $0) }
        session.encode(files, isCancelled: { isCancelled.withLock { $0 } }) { place, result in
            if place == 1 { isCancelled.withLock { $0 = true } }
            if case .failure(let error) = result {
                reasons.append(error.reason)
            } else {
                reasons.append(nil)
            }
        }
        #expect(reasons == [nil, .notFound, .cancelled])
    }

    @Test(arguments: [true, false]) func errorsOfTheReaderComeThrough(overlapped: Bool) throws {
        let session = try VideoEncoder(folder: sharedModel.path).makeSession(threads: 2)
        func reason(_ path: String, isCancelled: @escaping @Sendable () -> Bool = { false }) -> VideoError
            .Reason?
        {
            do throws(VideoError) {
                _ = try session.encode(path: path, overlapped: overlapped, isCancelled: isCancelled)
                return nil
            } catch {
                #expect(error.path == path)
                return error.reason
            }
        }
        #expect(reason("\(folder.path)/none.mp4") == .notFound)
        try folder.write("no video at all, whatever the name says", to: "text.mp4")
        #expect(reason("\(folder.path)/text.mp4") == .unrecognised)
        let path = try video("b.mp4", seconds: 4)
        #expect(reason(path, isCancelled: { true }) == .cancelled)
        // The session is as good as before.
        #expect(reason(path) == nil)
    }

    @Test func aFailingNetworkIsAReasonOfTheVideo() throws {
        let broken = "\(folder.path)/broken"
        try FileManager.default.copyItem(atPath: sharedModel.path, toPath: broken)
        let file = try SafetensorsFile(path: "\(broken)/model.safetensors")
        var tensors: [String: Tensor] = [:]
        for entry in file.entries { tensors[entry.name] = try file.tensor(named: entry.name) }
        tensors["head.mean.weight"]?.withUnsafeMutableValues { $0.update(repeating: 3e38) }
        try SafetensorsWriter.write(tensors, to: "\(broken)/model.safetensors")
        let session = try VideoEncoder(folder: broken).makeSession(threads: 2)
        let path = try video("c.mp4", seconds: 6)
        for overlapped in [true, false] {
            do throws(VideoError) {
                _ = try session.encode(path: path, overlapped: overlapped)
                Issue.record("no error")
            } catch {
                #expect(error.reason == .encodingFailed)
            }
        }
    }
}
