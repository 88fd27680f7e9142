import ArgumentParser
import Library
import Service
import VideoEncoding

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Make model folders and set their scores.",
        subcommands: [ModelCreateCommand.self, ModelCalibrateCommand.self])
}

extension ModelPreset {
    /// What `--preset` and `--width` name.
    init(_ name: String, width: Int?) throws {
        if let width {
            guard name == "slowonly18", let named = Self(name: "slowonly18-w\(width)") else {
                throw ValidationError("--width: expected 1 to 512, with slowonly18 only")
            }
            self = named
        } else {
            guard let named = Self(name: name) else {
                throw ValidationError("--preset: expected slowonly18, r3d_18, mc3_18 or r2plus1d_18")
            }
            self = named
        }
    }
}

struct ModelCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an untrained model from a seed.",
        discussion: """
            Its weights are random, and its batch norms are set from made-up clips. It tells videos apart, finds simple \
            copies, and is a start for training.
            """)

    @Argument(help: .init("The folder to write to.", valueName: "DIR"), completion: .directory)
    var folder: String

    @Option(help: .init("slowonly18, r3d_18, mc3_18 or r2plus1d_18.", valueName: "NAME"))
    var preset = "slowonly18"

    @Option(help: .init("Channels of the first stage, for slowonly18. (default: 32)", valueName: "N"))
    var width: Int?

    @Option(help: .init("Width of the embedding.", valueName: "D"))
    var dimension = 256

    @Option(help: .init("Seed of the weights.", valueName: "N"))
    var seed: UInt64 = 1

    @Flag(help: "Replace the model in the folder.")
    var replace = false

    func validate() throws {
        _ = try ModelPreset(preset, width: width)
        guard (1...4096).contains(dimension) else { throw ValidationError("--dimension: expected 1 to 4096") }
    }

    func run() throws {
        let preset = try ModelPreset(preset, width: width)
        let throttle = Throttle(secondsBetween: 5)
        let made = try ModelFactory.create(
            at: folder, preset: preset, seed: seed, dimension: dimension,
            threads: Settings.current.processors, replacing: replace
        ) { share in
            if throttle.admits() { Terminal.note("setting the norms: \(Int(share * 100)) %") }
        }
        Terminal.data("\(made.name): \(folder)")
    }
}
