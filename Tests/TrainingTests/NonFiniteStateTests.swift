import Synchronization
import Testing
import Training

/// A state with a number that is none is never saved over a good checkpoint, whatever breaks and whenever.
@Suite struct NonFiniteStateTests {
    enum Part: CaseIterable, Sendable { case weight, statistic, match }
    enum Moment: Int, CaseIterable, Sendable { case checkpoint = 20, interruption = 25, lastStep = 30 }

    @Test(arguments: Part.allCases, Moment.allCases)
    func theGoodCheckpointStays(part: Part, moment: Moment) throws {
        var small = try SmallRun()
        let encoder = ColorEncoder()
        let objective = try PaperObjective(small.configuration.objective)
        let place =
            switch part {
            case .weight: encoder.parameters[0].value
            case .statistic: encoder.buffers[0].value
            case .match: objective.parameters[0].value
            }
        var kept: [UInt8] = []
        let isCancelled = Mutex(false)
        var isWritten = false
        let scratch = small.scratch
        // After the step's loss and gradients were found sound, before the state is saved.
        small.hooks.progress = { progress in
            guard progress.step == moment.rawValue else { return }
            kept = (try? scratch.bytes("out/checkpoint.safetensors")) ?? []
            place[place.count - 1] = part == .weight ? .infinity : .nan
            isCancelled.withLock { $0 = moment == .interruption }
        }
        small.hooks.isCancelled = { isCancelled.withLock { $0 } }
        small.hooks.writeModel = { _, _ in isWritten = true }
        let plan = try BatchPlan(
            videos: small.videos, configuration: small.configuration, frames: encoder.frames,
            height: encoder.height, width: encoder.width, clipInterval: 0.25)
        let run = try TrainingRun(
            configuration: small.configuration, plan: plan, encoder: encoder, objective: objective,
            folder: small.folder, hooks: small.hooks)
        let name =
            switch part {
            case .weight: "parameter.backbone.gain"
            case .statistic: "buffer.backbone.running_mean"
            case .match: "parameter.objective.alpha"
            }
        #expect(
            throws: TrainingError.nonFinite(
                step: moment.rawValue, term: "the tensor \(name)",
                checkpoint: TrainingRun.checkpointPath(folder: small.folder))
        ) { try run.run() }
        #expect(!kept.isEmpty && !isWritten)
        #expect(try scratch.bytes("out/checkpoint.safetensors") == kept)

        isCancelled.withLock { $0 = false }
        small.hooks.progress = { _ in }
        let again = try small.make(ColorEncoder())
        try again.resume()
        #expect(try again.run().steps == 30 && isWritten)
    }
}
