/// What worker processes are started with, and what is believed of what they say.
package struct IsolatedSource: Sendable {
    let program: WorkerProgram
    /// Nil for workers that encode nothing.
    let modelFolder: String?
    /// D of the model, which the workers' answers must have.
    let dimension: Int
    /// Seconds from the start of one clip to the start of the next, of which there are no more than a file has.
    let clipStride: Double
    /// Of the model; nil takes whatever the folder holds by the time a worker starts.
    let modelFingerprint: String?
    let limits: WorkerLimits

    package init(
        program: WorkerProgram, modelFolder: String?, dimension: Int = 0, clipStride: Double = 2,
        modelFingerprint: String? = nil, limits: WorkerLimits = .files()
    ) {
        self.program = program
        self.modelFolder = modelFolder
        self.dimension = dimension
        self.clipStride = clipStride
        self.modelFingerprint = modelFingerprint
        self.limits = limits
    }

    func settings(threads: Int) -> WorkerSettings {
        var settings = WorkerSettings(modelFolder: modelFolder)
        settings.memory = limits.memory
        settings.processorSeconds = limits.processorSeconds
        settings.threads = threads
        return settings
    }
}
