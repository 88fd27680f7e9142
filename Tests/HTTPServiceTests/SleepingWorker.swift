import Foundation
import Testing
import TestSupport

/// A worker that takes an hour over whatever it gets.
struct SleepingWorker: Sendable {
    /// The program.
    let path: String
    private let begun: String

    /// - Parameter folder: that it may write to.
    init(in folder: TemporaryFolder) throws {
        (path, begun) = (folder.path + "/worker", folder.path + "/begun")
        try "#!/bin/sh\necho $$ > '\(begun).new'\nmv '\(begun).new' '\(begun)'\nexec sleep 3600\n".write(
            toFile: path, atomically: false, encoding: .utf8)
        chmod(path, 0o755)
    }

    /// Waits until one has begun, and gives its process number, once.
    func takeProcess() throws -> Int32 {
        #expect(eventually { access(begun, F_OK) == 0 }, "no worker has begun")
        let line = try String(contentsOfFile: begun, encoding: .utf8)
        try FileManager.default.removeItem(atPath: begun)
        return try #require(Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
}
