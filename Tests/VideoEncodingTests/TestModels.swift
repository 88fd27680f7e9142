import Base
import Glibc
import NeuralNetwork
import VideoDecoding
import VideoEncoding

/// A new folder, removed with all it holds.
final class TemporaryFolder: @unchecked Sendable {
    let path: String

    init() {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/mixtape-encoding-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { preconditionFailure("no temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { run("/bin/rm", ["-rf", path]) }
}

/// Runs a program quietly and returns its exit status.
@discardableResult
func run(_ program: String, _ arguments: [String]) -> Int32 {
    var arguments = ([program] + arguments).map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    guard posix_spawnp(&process, program, nil, nil, arguments, environ) == 0 else { return -1 }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return status
}

/// A SlowOnly network so small that a clip takes a millisecond.
func tinyConfiguration(perClip: Bool = true) -> ModelConfiguration {
    var configuration = ModelPreset.slowOnly18(width: 4).configuration(dimension: 24)
    configuration.name = "tiny"
    configuration.plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1)
    configuration.geometry = FrameGeometry(width: 32, height: 32)
    configuration.normalization.isPerClip = perClip
    return configuration
}

/// One tiny model for all tests that only read it.
let sharedModel: (folder: TemporaryFolder, path: String) = {
    let folder = TemporaryFolder()
    do {
        try ModelFactory.create(
            at: "\(folder.path)/tiny", configuration: tinyConfiguration(), seed: 3, clipCount: 8)
    } catch { preconditionFailure("\(error)") }
    return (folder, "\(folder.path)/tiny")
}()

func randomClips(_ count: Int, for configuration: ModelConfiguration) -> [Clip] {
    var state: UInt32 = 12345
    return (0..<count).map { index in
        let start = Double(index)
        // Smooth along a row, so that clips are pictures of a sort.
        var value = 128
        let frames = (0..<configuration.inputExtent.product * 3).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            value = min(255, max(0, value + Int(state >> 26) - 31))
            return UInt8(value)
        }
        return Clip(interval: TimeRange(start: start, stop: start + 1), frames: frames)
    }
}

func write(_ text: String, to path: String) {
    do { try AtomicFile.write(text, to: path) } catch { preconditionFailure("\(error)") }
}

func cosine(_ a: [Float], _ b: [Float]) -> Double {
    let dot = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let (na, nb) = (
        a.reduce(0.0) { $0 + Double($1) * Double($1) }, b.reduce(0.0) { $0 + Double($1) * Double($1) }
    )
    return dot / (na * nb).squareRoot()
}
