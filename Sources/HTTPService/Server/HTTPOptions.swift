import Isolation
import Logging
import Service

/// Where and how the service answers HTTP.
public struct HTTPOptions: Sendable {
    /// Where it listens.
    public var address: ListenAddress
    /// What every request must know, where the service asks for it; without one only this machine is served.
    public var token: String?
    /// Host names by which it may be addressed, besides addresses in figures and `localhost`.
    public var hostNames: [String] = []
    /// Folders that may be read and indexed, besides those that the index names.
    public var folders: [String] = []
    /// Reads the files that clients send or name.
    public var worker: WorkerProgram
    /// The model folder, for the workers.
    public var modelFolder: String
    /// Where uploads lie, without names, while they are read.
    public var temporaryFolder = "/tmp"
    /// Processors that it may use.
    public var processors = 1
    /// The program's version, for /health and the OpenAPI document.
    public var version = ProgramVersion.text
    /// What whoever starts it should know, logged as warnings.
    public var warnings: [String] = []
    /// The least level that is logged.
    public var logLevel = Logger.Level.info
    /// Whether log records are words for people, as on a terminal, rather than JSON.
    public var logsForPeople = false
    /// What one client, or a hostile file, may use at most.
    public var limits = HTTPLimits()

    /// The defaults: loopback, no token.
    public init(address: ListenAddress, worker: WorkerProgram, modelFolder: String) {
        self.address = address
        self.worker = worker
        self.modelFolder = modelFolder
    }
}

/// Bounds that keep clients and files from taking the machine.
public struct HTTPLimits: Sendable {
    /// Bytes of an uploaded video.
    public var uploadBytes = 512 << 20
    /// Seconds of an uploaded video, or of the part of any video that is searched for.
    public var videoSeconds = 1800.0
    /// Seconds in which a worker must have encoded it.
    public var workerSeconds = 240.0
    /// Bytes of address space of a worker.
    public var workerMemory: UInt64 = 4 << 30
    /// Seconds in which a request must have arrived with its body.
    public var receivingSeconds = 300.0
    /// Seconds in which a connection must say something, and in which a client must take some of its answer.
    public var idleSeconds = 30.0
    /// Bytes of a JSON body.
    public var bodyBytes = 1 << 20
    /// Connections at once; further ones wait to be accepted, and those that wait longest for a request are closed.
    public var connections = 256
    /// Connections of one address at once; further ones are closed behind a 429. Of loopback, where a proxy is or every program
    /// of this machine, all but so many: 192 of 256. 0 for any number.
    public var connectionsOfOneAddress = 64
    /// Requests a second of one address, on average; 0 for any number. Twice as many may come at once.
    public var requestsPerSecond = 1000.0
    /// Requests of a kind that wait for a free thread; further ones are refused with 429.
    public var waiting = 128
    /// Uploads that are received or decoded at once, of one address a quarter of them, of loopback all but a quarter; further ones
    /// are refused with 429.
    public var uploads = 8
    /// Clients that follow index jobs' events at once; of one address as many of them as of the uploads.
    public var followers = 32
    /// Index jobs that wait or run at once.
    public var jobs = 8
    /// Seconds that running requests get to end when the service is told to stop.
    public var shutdownSeconds = 10.0

    /// The defaults.
    public init() {}
}
