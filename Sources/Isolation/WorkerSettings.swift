import Base

/// What a worker process is told by whoever starts it: the model that it may need, and the most that it may use.
package struct WorkerSettings: Sendable, Equatable {
    /// The model folder; nil for a worker that encodes nothing.
    package var modelFolder: String?
    /// Bytes of address space.
    package var memory: UInt64 = 4 << 30
    /// Seconds of processor time, over all threads; nil for a worker of many files.
    package var processorSeconds: Int?
    /// Threads that encode side by side.
    package var threads = 1
    /// The process with which it ends; nil where it goes on.
    package var parent: Int32?

    /// Of one thread, with the usual memory.
    package init(modelFolder: String?) { self.modelFolder = modelFolder }

    /// As JSON, one word of a command line.
    package var text: String {
        var members: [JSONValue.Member] = [
            .init("memory", .number(memory)), .init("threads", .number(threads)),
        ]
        if let modelFolder { members.append(.init("model", .string(modelFolder))) }
        if let processorSeconds { members.append(.init("processor_seconds", .number(processorSeconds))) }
        if let parent { members.append(.init("parent", .number(parent))) }
        return JSONValue.object(members).serialized()
    }

    /// Nil where the text is none: nothing that limits a worker is guessed.
    package init?(_ text: String) {
        guard let json = try? JSONValue(parsing: text),
            let memory = json["memory"]?.intValue, memory > 0,
            let threads = json["threads"]?.intValue, threads > 0
        else { return nil }
        self.memory = UInt64(memory)
        self.threads = threads
        if let model = json["model"] {
            guard let folder = model.stringValue else { return nil }
            modelFolder = folder
        }
        if let value = json["processor_seconds"] {
            guard let seconds = value.intValue, seconds > 0 else { return nil }
            processorSeconds = seconds
        }
        if let value = json["parent"] {
            guard let process = value.intValue.flatMap(Int32.init(exactly:)), process > 0 else { return nil }
            parent = process
        }
    }
}
