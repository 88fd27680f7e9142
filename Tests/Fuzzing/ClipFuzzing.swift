import Base
import Isolation
import VideoDecoding

/// Clips that a worker process hands over, which a hostile video may have taken over, in the pieces in which a pipe gives them:
/// the pieces change nothing, and what is taken for clips are whole ones in order.
enum ClipFuzzing {
    /// Frames of 2 × 2 pixels.
    private static let clipBytes = 12

    static let target = FuzzTarget(
        name: "clips",
        seeds: {
            let clips = (0..<3).map { number in
                Clip(
                    interval: TimeRange(start: Double(number), stop: Double(number + 1)),
                    frames: [UInt8](repeating: [10, 123, 0][number], count: clipBytes))
            }
            let error = WorkerFailure(reason: "damaged", message: "cut short")
            let handed = clips.flatMap { ClipAnswer.write($0).encoded }
            let end = ClipAnswer.writeEnd(.success(3)).encoded
            let notice = Array(#"{"not_limited_by":["seccomp"]}"#.utf8) + [10]
            let sign = Array(#"{"reading":0,"share":0.25}"#.utf8) + [10]
            let words = [
                sign + handed + sign + end, handed + end, notice + handed + error.answer.encoded,
                [10, 10] + ClipAnswer.writeDuration(.success(2.5)).encoded + handed + [10],
                ClipAnswer.writeDuration(.failure(error)).encoded + ClipAnswer.writeEnd(.success(0)).encoded,
            ]
            return (words + words.flatMap(Edges.variants)).map { [7] + $0 }
        },
        run: { bytes in
            var source = ByteSource(bytes)
            let size = 1 + Int(source.byte())
            let words = Array(bytes.dropFirst())
            let pieces = stride(from: 0, to: words.count, by: size).map {
                words[$0..<min(words.count, $0 + size)]
            }
            let (whole, parts) = (Heard([words[...]]), Heard(pieces))
            try must(whole == parts, "the pieces in which words come change them")
            try must(whole.rest <= WorkerMessage.longestHeader, "\(whole.rest) bytes are held")
            var (last, count) = (TimeRange?.none, 0)
            for message in whole.messages {
                try must(message.bytes.count <= clipBytes, "a message has \(message.bytes.count) bytes")
                _ = ClipAnswer.readEnd(message, clips: count)
                if case .end(.success(let seconds)) = ClipAnswer.readDuration(message) {
                    try must(seconds.isFinite && seconds >= 0, "a video lasts \(seconds) seconds")
                }
                guard let clip = ClipAnswer.read(message, bytes: clipBytes, after: last) else { continue }
                try must(clip.frames.count == clipBytes, "a clip has \(clip.frames.count) bytes")
                try must(
                    clip.interval.start.isFinite && clip.interval.duration > 0
                        && last.map { $0.start < clip.interval.start } ?? true,
                    "a clip stands at \(clip.interval)")
                (last, count) = (clip.interval, count + 1)
            }
        })

    /// What is made out of words.
    private struct Heard: Equatable {
        var pieces: [WorkerOutput.Piece] = []
        var signsOfLife = 0
        var rest = 0

        init(_ pieces: [ArraySlice<UInt8>]) {
            var output = WorkerOutput()
            output.mostBytes = clipBytes
            for piece in pieces {
                output.add(piece)
                while let piece = output.take() { self.pieces.append(piece) }
            }
            signsOfLife = output.signsOfLife
            rest = output.heldBytes
        }

        var messages: [WorkerMessage] {
            pieces.compactMap { piece in
                if case .message(let message) = piece { message } else { nil }
            }
        }
    }
}
