import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Sees to it that no connection is held open by a client that sends or reads too slowly, and closes it behind an answer
/// that says so.
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
    private let metrics: Metrics
    /// What a client that is still sending gets, to read why it was refused.
    private static let lingering = TimeAmount.seconds(2)

    private var receivingEnds: Scheduled<Void>?
    private var takingEnds: Scheduled<Void>?
    private var closesAfterAnswer = false

    init(limits: HTTPLimits, metrics: Metrics) {
        receiving = .milliseconds(Int64(limits.receivingSeconds * 1000))
        taking = .milliseconds(Int64(limits.idleSeconds * 1000))
        self.metrics = metrics
    }

    func channelActive(context: ChannelHandlerContext) {
        metrics.connections(1)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        metrics.connections(-1)
        receivingEnds?.cancel()
        takingEnds?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            receivingEnds?.cancel()
            receivingEnds = close(context, in: receiving)
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
            guard closesAfterAnswer else { break }
            context.writeAndFlush(data, promise: promise)
            context.close(mode: .output, promise: nil)
            _ = close(context, in: Self.lingering)
            return
        }
        context.write(data, promise: promise)
    }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        context.eventLoop.assumeIsolatedUnsafeUnchecked().scheduleTask(in: time) {
            context.close(promise: nil)
        }
    }
}
