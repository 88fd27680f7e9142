import Testing
import TestSupport
import Training

@Suite struct SamplingTests {
    @Test func anEpochTakesEveryVideoOnceAtMost() {
        let sampler = EpochSampler(videoCount: 23, batchSize: 5, seed: 3)
        #expect(sampler.stepsPerEpoch == 4)
        var dropped: Set<Set<Int>> = []
        for epoch in 0..<6 {
            let seen = (0..<4).flatMap { sampler.videos(step: epoch * 4 + $0) }
            #expect(Set(seen).count == 20 && seen.allSatisfy { (0..<23).contains($0) })
            dropped.insert(Set(0..<23).subtracting(seen))
        }
        #expect(dropped.count > 1, "what is dropped must change from epoch to epoch")
        #expect(
            sampler.videos(step: 7) == EpochSampler(videoCount: 23, batchSize: 5, seed: 3).videos(step: 7))
        #expect(
            sampler.videos(step: 7) != EpochSampler(videoCount: 23, batchSize: 5, seed: 4).videos(step: 7))
    }

    @Test func stillsTakeTheirShareOfEveryStep() {
        let isStill = (0..<60).map { $0 >= 12 }
        let sampler = BatchSampler(isStill: isStill, batchSize: 8, stillShare: 0.25, seed: 3)
        for step in 0..<30 {
            let videos = sampler.videos(step: step)
            #expect(Set(videos).count == 8 && videos.count(where: { isStill[$0] }) == 2)
            #expect(
                videos
                    == BatchSampler(isStill: isStill, batchSize: 8, stillShare: 0.25, seed: 3).videos(
                        step: step))
        }
        #expect(Set((0..<2).flatMap { sampler.videos(step: $0) }.filter { !isStill[$0] }).count == 12)
    }

    @Test(arguments: [0.0, 0.5, 1.0]) func aShareThatThereIsNotIsFilledFromTheRest(share: Double) {
        for isStill in [
            [Bool](repeating: false, count: 9), [true, true] + .init(repeating: false, count: 7),
            [false] + .init(repeating: true, count: 8),
        ] {
            let videos = BatchSampler(isStill: isStill, batchSize: 8, stillShare: share, seed: 1).videos(
                step: 5)
            #expect(Set(videos).count == 8 && videos.allSatisfy { (0..<9).contains($0) })
        }
    }

    @Test func smallFoldersGetSmallBatchesAndOneVideoIsAnError() throws {
        let scratch = try TemporaryFolder()
        let videos = try scratch.cached([20, 20, 20])
        func plan(_ videos: [CachedVideo]) throws -> BatchPlan {
            try BatchPlan(
                videos: videos, configuration: TrainingConfiguration(), frames: 4, height: 16, width: 16,
                clipInterval: 0.25, folder: "films", skipped: 2)
        }
        #expect(try plan(videos).layout == MixtureLayout(videos: 3, views: 2, clips: 2))
        #expect(throws: TrainingError.oneVideo(path: videos[0].path)) { try plan([videos[0]]) }
        #expect(throws: TrainingError.noVideos(folder: "films", skipped: 2)) { try plan([]) }
        #expect("\(TrainingError.oneVideo(path: "a"))".contains("at least two"))
    }

    @Test func clipsLieInsideTheVideoAndAreEvenlySpaced() {
        let sampling = TemporalSampling()
        var firsts: Set<Int> = []
        for key in 0..<500 as Range<UInt64> {
            let indices = sampling.frameIndices(
                frameCount: 50, frames: 8, step: 1, clip: 0, clips: 2, key: RandomKey.mix(key, .time))
            #expect(indices == Array(indices[0]..<(indices[0] + 8)) && indices[7] < 50)
            firsts.insert(indices[0])
        }
        #expect(firsts.min() == 0 && firsts.max() == 42 && firsts.count == 43)
    }

    @Test func spreadClipsKeepToTheirPart() {
        var sampling = TemporalSampling()
        sampling.placement = .spread
        for key in 0..<200 as Range<UInt64> {
            let indices = sampling.frameIndices(
                frameCount: 100, frames: 4, step: 1, clip: 3, clips: 4, key: RandomKey.mix(key, .time))
            #expect(indices[0] >= 72 && indices[3] < 100)
        }
    }

    @Test func shortVideosAreStretchedHeldOrLooped() {
        func indices(_ policy: TemporalSampling.ShortVideo, _ count: Int) -> [Int] {
            var sampling = TemporalSampling()
            sampling.shortVideo = policy
            return sampling.frameIndices(frameCount: count, frames: 6, step: 1, clip: 0, clips: 1, key: 1)
        }
        #expect(indices(.stretch, 3) == [0, 0, 1, 1, 2, 2])
        #expect(indices(.hold, 3) == [0, 1, 2, 2, 2, 2])
        #expect(indices(.loop, 3) == [0, 1, 2, 0, 1, 2])
        #expect(indices(.loop, 1) == [0, 0, 0, 0, 0, 0])
        #expect(indices(.stretch, 6) == [0, 1, 2, 3, 4, 5])
    }

    @Test func speedJitterChangesTheStride() {
        var sampling = TemporalSampling()
        sampling.speedJitter = 1
        let spans = (0..<200 as Range<UInt64>).map { key in
            let indices = sampling.frameIndices(
                frameCount: 1_000, frames: 8, step: 4, clip: 0, clips: 1, key: RandomKey.mix(key, .time))
            return indices[7] - indices[0]
        }
        #expect((spans.min() ?? 0) < 18 && (spans.max() ?? 0) > 50)
        #expect(spans.allSatisfy { (13...57).contains($0) })
    }

    @Test func batchesDoNotDependOnThreadsOrOrder() throws {
        let scratch = try TemporaryFolder()
        var configuration = TrainingConfiguration()
        configuration.augmentation.copies = 0.5
        configuration.augmentation.blur = 0.5
        let plan = try BatchPlan(
            videos: scratch.cached([20, 3, 40, 1, 12]), configuration: configuration, frames: 4, height: 16,
            width: 16, clipInterval: 0.25)
        func filled(_ step: Int, threads: Int) -> [UInt8] {
            let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: plan.batchBytes)
            defer { memory.deallocate() }
            memory.initialize(repeating: 0)
            plan.fill(step: step, into: memory, threads: threads)
            return Array(memory)
        }
        let expected = (0..<4).map { filled($0, threads: 1) }
        #expect(filled(2, threads: 3) == expected[2] && expected[1] != expected[2])
        let loader = BatchLoader(plan: plan, threads: 2, lastStep: 3)
        for step in 0..<4 { #expect(Array(loader.batch(step: step)) == expected[step]) }
        #expect(Array(loader.batch(step: 1)) == expected[1], "a leap")
        // Every clip of a step is drawn with its own key.
        let rows = (0..<plan.layout.rows).map { row in
            Array(expected[0][(row * plan.clipBytes)..<((row + 1) * plan.clipBytes)])
        }
        #expect(Set(rows).count == rows.count)
    }
}
