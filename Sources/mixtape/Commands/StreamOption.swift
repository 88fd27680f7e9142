import ArgumentParser
import VideoDecoding

/// Which of several streams of pictures in a file.
struct StreamOption: ParsableArguments {
    @Option(
        name: .customLong("stream"),
        help: .init(
            "Of a file with several films, such as angles or a broadcast's programmes: the one with this number, which mixtape info FILE names.",
            valueName: "N"))
    var number: Int?

    func validate() throws {
        if let number, !VideoStream.numbers.contains(number) {
            throw ValidationError("--stream: expected a number that mixtape info FILE names")
        }
    }
}
