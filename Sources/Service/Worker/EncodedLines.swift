import Distributions
import Tensors
import VideoDecoding
import VideoEncoding

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
                    members.append(.init("signature", .string(Base64.encode(video.signatures[clip].bytes))))
                }
                lines.append(.object(members))
            }
            lines.append(["clips": .number(video.intervals.count)])
            return lines.map { $0.serialized() + "\n" }.joined()
        }
    }

    /// How many bytes the first outcome has, nil where its last line is not yet there. Empty lines are signs of life.
    ///
    /// - Parameter start: where the first line begins that was not yet looked at; 0 for another outcome.
    static func endOfFirst(_ bytes: [UInt8], from start: inout Int) -> Int? {
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            let line = bytes[start..<end]
            // One that announces a clip is here only where it is not as it should be.
            let ends = [
                #"{"clips":"#, #"{"error":"#, PictureLines.start, ClipLines.durationStart, ClipLines.start,
            ]
            if ends.contains(where: { line.starts(with: $0.utf8) }) {
                return end + 1
            }
            start = end + 1
        }
        return nil
    }

    /// Reads what a worker wrote. Nothing in it is trusted: it may come from a process that a hostile file took over.
    ///
    /// - Parameter dimension: the width that every Gaussian must have.
    /// - Returns: nil where the lines are not an outcome, or not all of one.
    public static func read(_ bytes: [UInt8], dimension: Int) -> Outcome? {
        // A gigabyte of JSON would be many more in memory.
        let longest = 8192 + 16 * dimension + 2 * ClipSignature.byteCount
        let lines = bytes.split(separator: 0x0A).map {
            $0.count > longest ? nil : try? JSONValue(parsing: Array($0))
        }
        guard let first = lines.first, let head = first else { return nil }
        if head["error"] != nil { return error(head).map { .failure($0) } }
        let clips = lines.dropFirst().dropLast()
        guard let facts = UntrustedVideo.facts(head), let last = lines.last,
            last?["clips"]?.intValue == clips.count, !clips.isEmpty
        else { return nil }
        var intervals: [TimeRange] = []
        var gaussians: [Gaussian] = []
        var signatures: [ClipSignature] = []
        for line in clips {
            guard let from = line?["from"]?.doubleValue, let to = line?["to"]?.doubleValue,
                UntrustedVideo.follows(TimeRange(start: from, stop: to), intervals.last),
                let mean = values(line?["mean"], count: dimension),
                let logVariance = values(line?["log_variance"], count: dimension),
                logVariance.allSatisfy({ abs($0) <= 64 })
            else { return nil }
            intervals.append(TimeRange(start: from, stop: to))
            gaussians.append(Gaussian(mean: mean, logVariance: logVariance))
            if let text = line?["signature"] {
                guard let bytes = text.stringValue.flatMap(Base64.decode),
                    let signature = ClipSignature(bytes: bytes)
                else { return nil }
                signatures.append(signature)
            }
        }
        // All clips have one, or none has.
        guard signatures.isEmpty || signatures.count == gaussians.count else { return nil }
        return .success(
            EncodedVideo(
                facts: facts, intervals: intervals, mixture: GaussianMixture(components: gaussians),
                signatures: signatures))
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

    private static func values(_ text: JSONValue?, count: Int) -> [Float]? {
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
