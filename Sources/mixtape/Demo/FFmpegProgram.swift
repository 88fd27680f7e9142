import Foundation

/// Runs the `ffmpeg` program.
enum FFmpegProgram {
    /// Overwrites its output; its complaints become the error.
    static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let complaints = Pipe()
        process.standardError = complaints
        do {
            try process.run()
        } catch {
            throw CommandError(message: "cannot run ffmpeg: \(error.localizedDescription)", hint: hint)
        }
        let text = complaints.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let said = String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw CommandError(
                message: process.terminationStatus == 127
                    ? "the program ffmpeg is not installed" : "ffmpeg: \(said)",
                hint: hint)
        }
    }

    private static let hint = "install Debian's package ffmpeg"
}
