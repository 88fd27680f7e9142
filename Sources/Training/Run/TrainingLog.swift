internal import FoundationEssentials
import Base

import Glibc

/// `log.jsonl`: one JSON object a line, steps ascending. A resumed run first takes away the lines beyond the
/// step at which it continues, so that every step is there once.
final class TrainingLog {
    let path: String

    /// - Parameter step: lines of later steps are dropped; 0 begins anew.
    init(path: String, resumingAt step: Int) throws(TrainingError) {
        self.path = path
        let kept = step == 0 ? [] : Self.lines(path).filter { $0.step <= step }
        try OutputFiles.write(kept.map { $0.text + "\n" }.joined(), to: path)
    }

    func append(_ progress: TrainingProgress) throws(TrainingError) {
        var members: [JSONValue.Member] = [
            .init("step", .number(progress.step)), .init("loss", .number(progress.loss)),
        ]
        members += progress.terms.map { .init($0.name, .number($0.value)) }
        members.append(.init("mean_log_variance", .number(progress.meanLogVariance)))
        if let positives = progress.positivesPerAnchor {
            members.append(.init("positives_per_anchor", .number(positives)))
        }
        members.append(.init("learning_rate", .number(progress.learningRate)))
        members.append(.init("gradient_norm", .number(progress.gradientNorm)))
        members.append(.init("clips_per_second", .number(progress.clipsPerSecond)))
        try append(.object(members))
    }

    private func append(_ line: JSONValue) throws(TrainingError) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw .file(path: path, problem: "cannot be opened: \(SystemError.message())")
        }
        defer { close(descriptor) }
        let bytes = Array((line.text() + "\n").utf8)
        do throws(SystemError) {
            try bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
                try FileBytes.write(UnsafeRawBufferPointer(bytes), to: descriptor)
            }
        } catch { throw .file(path: path, problem: error.description) }
    }

    /// A step's line in the log; nil if there is none.
    func progress(ofStep step: Int, total: Int) -> TrainingProgress? {
        guard let line = Self.lines(path).last(where: { $0.step == step }) else { return nil }
        var numbers: [(name: String, value: Double)] = line.members.compactMap { member in
            member.value.doubleValue.map { (member.key, $0) }
        }
        func take(_ name: String) -> Double? {
            numbers.firstIndex { $0.name == name }.map { numbers.remove(at: $0).value }
        }
        _ = take("step")
        guard let loss = take("loss"), let meanLogVariance = take("mean_log_variance"),
            let learningRate = take("learning_rate"), let gradientNorm = take("gradient_norm"),
            let speed = take("clips_per_second")
        else { return nil }
        let positives = take("positives_per_anchor")
        return TrainingProgress(
            step: step, total: total, loss: loss,
            terms: numbers.map { LossTerm(name: $0.name, value: $0.value) },
            meanLogVariance: meanLogVariance, positivesPerAnchor: positives, learningRate: learningRate,
            gradientNorm: gradientNorm, clipsPerSecond: speed, secondsLeft: 0)
    }

    /// Whole lines that hold an object with a step.
    static func lines(_ path: String) -> [(step: Int, text: String, members: [JSONValue.Member])] {
        guard let file = MappedFile(path: path) else { return [] }
        return file.bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard case .object(let members)? = try? JSONValue(parsing: Array(line)),
                let step = members.first(where: { $0.key == "step" })?.value.integerValue
            else { return nil }
            return (step, String(decoding: line, as: UTF8.self), members)
        }
    }

    /// The curve of each number in the log, in the order in which the names first come.
    static func curves(_ path: String) -> [CurvePlot.Series] {
        var names: [String] = []
        var points: [String: [SIMD2<Double>]] = [:]
        func add(_ name: String, _ step: Int, _ value: JSONValue) {
            guard let number = value.doubleValue else { return }
            if points[name] == nil { names.append(name) }
            points[name, default: []].append(SIMD2(Double(step), number))
        }
        for line in lines(path) {
            for member in line.members where member.key != "step" {
                add(member.key, line.step, member.value)
            }
        }
        return names.map { CurvePlot.Series(name: $0, points: points[$0] ?? []) }
    }
}
