import Foundation
import TestSupport
import Testing
import VideoDecoding

/// Clocks that go wrong in any way, at any place, up to three times in a film. `MIXTAPE_SEEDS=1000-1999` draws others than those that
/// are drawn here.
@Suite struct RandomTroubleTests {
    let folder: TemporaryFolder
    private static let count = 200
    private static let step = 0.04

    init() throws { folder = try TemporaryFolder() }

    static let seeds: ClosedRange<UInt64> = {
        let ends = (ProcessInfo.processInfo.environment["MIXTAPE_SEEDS"] ?? "1-20").split(separator: "-")
        let numbers = ends.compactMap { UInt64($0) }
        return numbers.count == 2 && numbers[0] <= numbers[1] ? numbers[0]...numbers[1] : 1...20
    }()

    @Test(arguments: StampedVideo.Container.allCases)
    func everyFrameIsSeen(_ container: StampedVideo.Container) throws {
        let video = try StampedVideo(container, in: folder, count: Self.count)
        for seed in Self.seeds {
            let clock = WrongClock(seed: seed, frames: Self.count, step: Self.step)
            let bytes = video.changed { time in
                clock.stamps[min(max(0, Int((time / Self.step).rounded())), Self.count - 1)]
            }
            let path = try folder.write(bytes, to: "bent.\(container.rawValue)")
            let plan = ClipPlan(framesPerClip: 25, clipDuration: 1, clipStride: 1)
            let (clips, facts, _) = try readAll(path, plan: plan)
            let name = "\(container), seed \(seed): \(clock.troubles.joined(separator: "; "))"
            let numbers = clips.map { NumberedVideo.numbers($0) }
            let seen = Set(numbers.joined()).count
            #expect(seen * 100 >= 95 * Self.count, "\(name): \(seen) frames")
            for clip in numbers { #expect(clip == clip.sorted(), "\(name)") }
            let firsts = numbers.map { $0.first ?? 0 }
            #expect(firsts == firsts.sorted(), "\(name)")
            // Half the frames of a program stream have no stamp, and FFmpeg gives some to their neighbours.
            // In Matroska a clock that stands still costs up to two frames.
            let tolerance =
                Self.step * (container == .mpg ? 6 : container == .mkv ? 2.5 : 1) + 0.0015
            let right = Double(Self.count) * Self.step + clock.gaps
            #expect(
                abs((facts.duration ?? 0) - right) <= tolerance,
                "\(name): \(facts.duration ?? 0) s, not \(right)")
        }
    }
}

/// The time stamps of a film whose clock goes wrong.
private struct WrongClock {
    /// Of each frame, in seconds.
    private(set) var stamps: [Double] = []
    /// What went wrong, in words.
    private(set) var troubles: [String] = []
    /// Seconds by which the film lasts longer than its frames.
    private(set) var gaps = 0.0

    private enum Trouble {
        /// So many frames are so many seconds wrong.
        case outliers(Int, Double)
        /// So many frames have one stamp, and the clock goes on beneath.
        case repeats(Int)
        /// The clock stands still, or nearly, for so many frames, and goes on from there.
        case stall(Int, step: Double)
        /// So many frames have their stamps in reverse.
        case reversed(Int)
        case restart
        case back(Double)
        case gap(Double)
        /// Too long for a gap: the clock was set.
        case set(Double)
        case standstill
    }

    init(seed: UInt64, frames: Int, step: Double) {
        var generator = Mixing(state: seed &* 0x9E37_79B9_7F4A_7C15)
        func seconds(_ range: ClosedRange<Double>) -> Double {
            exp(Double.random(in: log(range.lowerBound)...log(range.upperBound), using: &generator))
        }
        // So far from each other that each is one of its own.
        var places: [Int] = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0..<frames, using: &generator)
            if places.allSatisfy({ abs($0 - place) >= 40 }) { places.append(place) }
        }
        var wrong: [Int: Trouble] = [:]
        for place in places.sorted() {
            let isInside = place > 1 && place < frames - 14
            let count = Int.random(in: 1...12, using: &generator)
            let sign: Double = Bool.random(using: &generator) ? 1 : -1
            let trouble: Trouble =
                switch Int.random(in: 0..<(isInside ? 9 : 3), using: &generator) {
                case 0: .outliers(isInside ? count : 1, sign * seconds(3600...15_000))
                case 1: .restart
                case 2: .standstill
                case 3: .outliers(count, sign * seconds(0.5...15_000))
                case 4: .repeats(count + 1)
                case 5: .stall(count + 1, step: [0, 0.001][count % 2])
                // More would be longer than a short gap.
                case 6: .reversed(2 + count % 2)
                case 7: sign > 0 ? .back(seconds(0.2...20)) : .set(seconds(20_000...50_000))
                // Whole clips, so that each frame is in one.
                default: .gap(seconds(0.6...50).rounded())
                }
            wrong[place] = trouble
            troubles.append("\(trouble) from frame \(place)")
        }
        draw(wrong, frames, step)
    }

    private mutating func draw(_ wrong: [Int: Trouble], _ frames: Int, _ step: Double) {
        var clock = 0.0
        var (offset, offsetUntil) = (0.0, 0)
        var (held, heldUntil) = (0.0, 0)
        var (pace, paceUntil) = (step, 0)
        var (reversedUntil, isOver) = (0, false)
        for frame in 0..<frames {
            switch isOver ? nil : wrong[frame] {
            case .outliers(let count, let seconds): (offset, offsetUntil) = (seconds, frame + count)
            case .repeats(let count): (held, heldUntil) = (clock, frame + count)
            case .stall(let count, let step): (pace, paceUntil) = (step, frame + count - 1)
            case .reversed(let count): reversedUntil = frame + count
            case .restart: clock = 0
            case .back(let seconds): clock -= seconds
            case .gap(let seconds):
                clock += seconds
                gaps += seconds
            case .set(let seconds): clock += seconds
            case .standstill: (pace, paceUntil, isOver) = (0, frames, true)
            case nil: break
            }
            var stamp = clock
            if frame < offsetUntil { stamp += offset }
            if frame < heldUntil { stamp = held }
            stamps.append(stamp)
            clock += frame < paceUntil ? pace : step
            if frame + 1 == reversedUntil, let start = wrong.keys.filter({ $0 <= frame }).max() {
                stamps.replaceSubrange(start...frame, with: stamps[start...frame].reversed())
            }
        }
        // Milliseconds are what some containers hold.
        stamps = stamps.map { ($0 * 1000).rounded() / 1000 }
    }
}

/// SplitMix64.
struct Mixing: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
