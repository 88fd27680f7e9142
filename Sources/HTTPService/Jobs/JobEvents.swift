/// A job's states in the format of server-sent events, with a comment now and then so that a client that has gone is
/// noticed, and proxies do not take the connection for dead.
struct JobEvents: AsyncSequence {
    typealias Element = String
    private let stream: AsyncStream<String>
    private static let silence = Duration.seconds(10)

    init(_ jobs: AsyncStream<IndexJobs.Job>) {
        stream = AsyncStream { continuation in
            let states = Task {
                for await job in jobs {
                    continuation.yield("event: job\ndata: \(job.json.serialized())\n\n")
                }
                continuation.finish()
            }
            let heartbeat = Task {
                while !Task.isCancelled {
                    try await Task.sleep(for: Self.silence)
                    continuation.yield(": still here\n\n")
                }
            }
            continuation.onTermination = { _ in
                states.cancel()
                heartbeat.cancel()
            }
        }
    }

    func makeAsyncIterator() -> AsyncStream<String>.AsyncIterator { stream.makeAsyncIterator() }
}
