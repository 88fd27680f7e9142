import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Sees to it that no connection is held open by a client that sends or reads too slowly, and closes it behind an answer
/// that says so; that no address has too many; and that work ends when its client has gone.
///
/// Hummingbird drops connections that say nothing (its idle timeout), but a body may trickle in for ever, an answer may
/// never be taken, and a request that was refused unread would be read to its end.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let receiving: TimeAmount
    private let taking: TimeAmount
    private let connections: Connections
    private let metrics: Metrics
    /// How long a client that sends no more counts as there: some close their end behind the request.
    private static let halfClosed = TimeAmount.seconds(1)
    /// What a client that is still sending gets, to read why it was refused.
    private static let lingering = TimeAmount.seconds(2)
    /// Bytes that it may still send meanwhile, which are dropped.
    private static let mostDropped = 4 << 20

    private var receivingEnds: Scheduled<Void>?
    private var takingEnds: Scheduled<Void>?
    private var leaving: Scheduled<Void>?
    /// Requests that were begun and not answered to the end.
    private var underWay = 0
    private var closesAfterAnswer = false
    /// Of what came behind the last answer; nil before that.
    private var droppedBytes: Int?

    init(limits: HTTPLimits, connections: Connections, metrics: Metrics) {
        receiving = .milliseconds(Int64(limits.receivingSeconds * 1000))
        taking = .milliseconds(Int64(limits.idleSeconds * 1000))
        self.connections = connections
        self.metrics = metrics
    }

    func channelActive(context: ChannelHandlerContext) {
        metrics.connections(1)
        context.fireChannelActive()
        if !connections.open(context.channel) { refuse(context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        metrics.connections(-1)
        receivingEnds?.cancel()
        takingEnds?.cancel()
        leaving?.cancel()
        connections.close(context.channel)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent, leaving == nil {
            let (channel, connections) = (context.channel, connections)
            leaving = context.eventLoop.scheduleTask(in: Self.halfClosed) { connections.leave(channel) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        // Behind an answer that closes the connection nothing is asked any more.
        if let dropped = droppedBytes {
            guard case .body(let bytes) = part else { return }
            droppedBytes = dropped + bytes.readableBytes
            if dropped + bytes.readableBytes > Self.mostDropped { context.close(promise: nil) }
            return
        }
        switch part {
        case .head:
            receivingEnds?.cancel()
            receivingEnds = close(context, in: receiving)
            underWay += 1
            if underWay == 1 { connections.beginRequest(on: context.channel) }
        case .body: break
        case .end:
            receivingEnds?.cancel()
            receivingEnds = nil
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        takingEnds?.cancel()
        takingEnds = context.channel.isWritable ? nil : close(context, in: taking)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.headerFields[.connection] == "close" { closesAfterAnswer = true }
        case .body: break
        case .end:
            underWay -= 1
            if underWay == 0, !connections.mayWait(context.channel) { closesAfterAnswer = true }
            guard closesAfterAnswer else { break }
            droppedBytes = 0
            context.writeAndFlush(data, promise: promise)
            context.close(mode: .output, promise: nil)
            _ = close(context, in: Self.lingering)
            return
        }
        context.write(data, promise: promise)
    }

    /// Says why to an address that has too many connections, and closes.
    private func refuse(_ context: ChannelHandlerContext) {
        metrics.refused("connections")
        let problem = Refusal(429, "busy", "this address has too many connections").json.serialized()
        let fields: HTTPFields = [
            .connection: "close", .contentType: "application/json", .retryAfter: "5",
            .contentLength: String(problem.utf8.count),
        ]
        for part: HTTPResponsePart in [
            .head(.init(status: .tooManyRequests, headerFields: fields)), .body(ByteBuffer(string: problem)),
            .end(nil),
        ] {
            context.write(wrapOutboundOut(part), promise: nil)
        }
        context.flush()
        context.close(promise: nil)
    }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: time) {
            context.close(promise: nil)
        }
    }
}
