import Foundation

/// The program of the very build that a test is of.
package enum BuiltProgram {
    /// The repository.
    package static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardized.path

    /// `mixtape`, which `swift test` builds first and puts beside the tests.
    package static let path: String = {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = tests.deletingLastPathComponent().appendingPathComponent("mixtape").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return package + "/.build/release/mixtape"
    }()
}
