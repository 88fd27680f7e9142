import Base

/// Writing of folders and small text files, with training's errors.
enum OutputFiles {
    /// Makes the folder and those above it.
    static func makeFolder(_ path: String) throws(TrainingError) {
        do throws(SystemError) { try Folder.make(path) } catch {
            throw .file(path: path, problem: error.description)
        }
    }

    /// Writes text as a whole.
    static func write(_ text: String, to path: String) throws(TrainingError) {
        do throws(SystemError) { try AtomicFile.write(text, to: path) } catch {
            throw .file(path: path, problem: error.description)
        }
    }
}
