import Foundation

/// The checkout that the tests are of.
package enum Repository {
    package static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardized.path

    /// Files that the tests compare with, such as `golden` and `fuzz`.
    package static func fixtures(_ name: String) -> String { "\(path)/Tests/Fixtures/\(name)" }
}

/// The program of the very build that a test is of.
package enum BuiltProgram {
    /// `mixtape`, which `swift test` builds first and puts beside the tests.
    package static let path: String = {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = tests.deletingLastPathComponent().appendingPathComponent("mixtape").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return Repository.path + "/.build/release/mixtape"
    }()
}
