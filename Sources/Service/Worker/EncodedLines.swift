import Base
import Distributions
import Indexing
import VideoEncoding

/// What a line of an answer comes to.
package enum Heard<Answer> {
    /// Others follow.
    case more
    /// It is the answer's last.
    case end(Result<Answer, LibraryError>)
    /// It could not stand there.
    case nonsense
}

/// How a worker process hands an encoded video to the service: JSON, one line for the facts, one a clip, and one that
/// says that nothing is missing; or one line with the error. Gaussians are float16 in hexadecimal, four digits a value,
/// the first one the highest; the encoder rounds to float16, so nothing is lost.
public enum EncodedLines {
    /// What a worker has to say.
    public typealias Outcome = Result<EncodedVideo, LibraryError>

    /// The lines of an outcome, line breaks included.
    public static func write(_ outcome: Outcome) -> String {
        switch outcome {
        case .failure(let error):
            let message: JSONValue = ["reason": .string(error.reason), "message": .string(error.message)]
            return JSONValue.object([.init("error", message)]).serialized() + "\n"
        case .success(let video):
            var lines = [facts(video.facts)]
            for (clip, (interval, gaussian)) in zip(video.intervals, video.mixture.components).enumerated() {
                var members: [JSONValue.Member] = [
                    .init("from", .number(interval.start)), .init("to", .number(interval.stop)),
                    .init("mean", .string(hexadecimal(gaussian.mean))),
                    .init("log_variance", .string(hexadecimal(gaussian.logVariance))),
                ]
                if video.signatures.indices.contains(clip) {
                    members.append(.init("signature", .string(video.signatures[clip].bytes.base64)))
                }
                lines.append(.object(members))
            }
            lines.append(["clips": .number(video.intervals.count)])
            return lines.map { $0.serialized() + "\n" }.joined()
        }
    }

    /// Bytes of a line that has no Gaussian and no picture: an error's words, each of six bytes as JSON may spell it, or facts.
    package static let longestOther = 8192

    /// Bytes of a line of Gaussians with so many dimensions.
    package static func longest(dimension: Int) -> Int {
        longestOther + 8 * dimension + 2 * ClipSignature.byteCount
    }

    /// A line as JSON; nil where it is none, or has more values than any of ours.
    static func json(_ line: [UInt8]) -> JSONValue? { try? JSONValue(parsing: line, values: 32) }

    /// Reads all that a worker wrote. Nothing in it is trusted: it may come from a process that a hostile file took over.
    ///
    /// - Parameter dimension: the width that every Gaussian must have.
    /// - Returns: nil where the lines are not an outcome, or not all of one.
    public static func read(_ bytes: [UInt8], dimension: Int) -> Outcome? {
        var output = WorkerOutput(longestLine: longest(dimension: dimension))
        var reader = Reader(dimension: dimension, mostClips: ClipCount.most)
        output.add(bytes + [0x0A])
        while case .line(let line) = output.take() {
            switch reader.take(line) {
            case .more: continue
            case .end(let outcome): return output.take() == nil ? outcome : nil
            case .nonsense: return nil
            }
        }
        return nil
    }

    /// Makes an outcome of lines, one after the other, and stops at the first that could not stand there: nothing is kept but
    /// the clips, of which there are no more than the file may have.
    package struct Reader {
        private let dimension: Int
        private let mostClips: Int
        private var facts: StreamFacts?
        private var intervals: [TimeRange] = []
        private var gaussians: [Gaussian] = []
        private var signatures: [ClipSignature] = []

        /// Has read nothing yet.
        ///
        /// - Parameters:
        ///   - dimension: the width that every Gaussian must have.
        ///   - mostClips: that the video may have.
        package init(dimension: Int, mostClips: Int) {
            self.dimension = dimension
            self.mostClips = mostClips
        }

        /// Takes the next line, without its end.
        package mutating func take(_ line: [UInt8]) -> Heard<EncodedVideo> {
            guard let json = EncodedLines.json(line) else { return .nonsense }
            guard let facts else {
                if json["error"] != nil {
                    return EncodedLines.error(json).map { .end(.failure($0)) } ?? .nonsense
                }
                self.facts = UntrustedVideo.facts(json)
                return self.facts == nil ? .nonsense : .more
            }
            if let count = json["clips"] { return end(facts, count) }
            return intervals.count < mostClips && takeClip(json) ? .more : .nonsense
        }

        private mutating func takeClip(_ json: JSONValue) -> Bool {
            guard let from = json["from"]?.doubleValue, let to = json["to"]?.doubleValue,
                BelievableVideo.follows(TimeRange(start: from, stop: to), intervals.last),
                let mean = EncodedLines.values(json["mean"], count: dimension),
                let logVariance = EncodedLines.values(json["log_variance"], count: dimension),
                logVariance.allSatisfy({ abs($0) <= ClipBytes.largestLogVariance })
            else { return false }
            // All clips have one, or none has.
            if let text = json["signature"] {
                guard signatures.count == gaussians.count,
                    let bytes = text.stringValue.flatMap([UInt8].init(base64:)),
                    let signature = ClipSignature(bytes: bytes)
                else { return false }
                signatures.append(signature)
            } else if !signatures.isEmpty {
                return false
            }
            intervals.append(TimeRange(start: from, stop: to))
            gaussians.append(Gaussian(mean: mean, logVariance: logVariance))
            return true
        }

        private func end(_ facts: StreamFacts, _ count: JSONValue) -> Heard<EncodedVideo> {
            guard !intervals.isEmpty, count.intValue == intervals.count else { return .nonsense }
            return .end(
                .success(
                    EncodedVideo(
                        facts: facts, intervals: intervals,
                        mixture: GaussianMixture(components: gaussians), signatures: signatures)))
        }
    }

    /// The error that a line tells of; nil where it is none.
    static func error(_ line: JSONValue) -> LibraryError? {
        guard let error = line["error"], let reason = UntrustedVideo.text(error["reason"], atMost: 64),
            let message = UntrustedVideo.text(error["message"], atMost: 1024),
            // That is for whoever asked to say, and would end more than the file's reading.
            reason != VideoError.Reason.cancelled.rawValue
        else { return nil }
        return LibraryError(.video, reason: reason, message: message)
    }

    private static func facts(_ facts: StreamFacts) -> JSONValue {
        [
            "container": .string(facts.container), "codec": .string(facts.codec),
            "width": .number(facts.width), "height": .number(facts.height),
            "duration": .number(facts.duration), "frame_rate": .number(facts.frameRate),
            "times_mended": .bool(facts.areTimesMended), "decoded_share": .number(facts.decodedShare),
            "other_streams": .number(facts.otherStreams),
        ]
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func hexadecimal(_ values: [Float]) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 4)
        for value in values {
            let bits = HalfPrecision.float16(from: value)
            for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(digits[Int(bits >> shift & 15)]) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate static func values(_ text: JSONValue?, count: Int) -> [Float]? {
        guard let bytes = text?.stringValue.map({ Array($0.utf8) }), bytes.count == 4 * count else {
            return nil
        }
        var values: [Float] = []
        values.reserveCapacity(count)
        for place in stride(from: 0, to: bytes.count, by: 4) {
            var bits: UInt16 = 0
            for byte in bytes[place..<place + 4] {
                guard let digit = digits.firstIndex(of: byte) else { return nil }
                bits = bits << 4 | UInt16(digit)
            }
            let value = HalfPrecision.float32(fromFloat16: bits)
            guard value.isFinite else { return nil }
            values.append(value)
        }
        return values
    }
}
