/// One attempt to connect, and what comes of it: a transport, a task that reads it, and one that writes it.
@CrossroomActor
final class TransportRunner {
    /// What happens on it. After `hangUp` nothing more is called.
    struct Events {
        let opened: @CrossroomActor (any WebSocketTransport) -> Void
        let received: @CrossroomActor (TransportMessage) -> Void
        /// Before the next message is read.
        let pause: @CrossroomActor () async -> Void
        let failed: @CrossroomActor (any Error) -> Void
        /// The transport has taken some frames.
        let sent: @CrossroomActor () -> Void
    }

    private struct OutgoingFrame {
        let text: String
        let isEvent: Bool
    }

    /// Frames and bytes that the transport has not taken yet, and how many of the frames nobody would miss in silence: events.
    private(set) var backlog = (frames: 0, bytes: 0, events: 0)

    private let events: Events
    private var transport: (any WebSocketTransport)?
    private var isOver = false
    private var main: Task<Void, Never>?
    private var closing: Task<Void, Never>?
    private var outgoing: [OutgoingFrame] = []
    private var idleWriter: Promise<Void>?
    private var stopFlushTimer: Cancel?

    /// Milliseconds for what was sent before the end to leave.
    private static let flushTimeout = 2_000.0

    init(events: Events) { self.events = events }

    /// - Parameter dial: makes the connection.
    func start(_ dial: @escaping @Sendable () async throws -> any WebSocketTransport) {
        main = Task { await run(dial) }
    }

    /// Frames leave in the order of the calls. `isEvent`: it is an event that asks for no ack.
    func send(_ text: String, isEvent: Bool = false) {
        if isOver { return }
        backlog.frames += 1
        backlog.bytes += text.utf8.count
        if isEvent { backlog.events += 1 }
        outgoing.append(OutgoingFrame(text: text, isEvent: isEvent))
        wakeWriter()
    }

    /// Ends it; what was sent before still leaves, unless it is `abrupt`.
    func hangUp(abrupt: Bool, _ environment: Environment) {
        if isOver { return }
        isOver = true
        wakeWriter()
        guard let transport else {
            main?.cancel()
            return
        }
        if abrupt || backlog.frames == 0 {
            closing = Task { await transport.close(abrupt: abrupt) }
        } else {
            stopFlushTimer = environment.after(Self.flushTimeout) {
                self.closing = Task { await transport.close(abrupt: true) }
            }
        }
    }

    /// Which way its frames go; nil while it is not open.
    var kind: TransportKind? { transport.map { ($0 as? any SessionTransport)?.kind ?? .webSocket } }

    /// Where the connection can be had to find out by itself whether it is alive, it is. - Returns: whether it can.
    func networkChanged() -> Bool {
        guard let session = transport as? any SessionTransport else { return false }
        Task { await session.networkChanged() }
        return true
    }

    /// Returns when nothing of it is left.
    func ended() async {
        await main?.value
        await closing?.value
    }

    private func run(_ dial: @Sendable () async throws -> any WebSocketTransport) async {
        do {
            let transport = try await dial()
            self.transport = transport
            if isOver { return await transport.close(abrupt: true) }
            events.opened(transport)
            let writer = Task { await write(transport) }
            do {
                try await read(transport)
            } catch {
                if !isOver {
                    isOver = true
                    wakeWriter()
                    events.failed(error)
                    await transport.close(abrupt: true)
                }
            }
            await writer.value
        } catch {
            if isOver { return }
            isOver = true
            events.failed(error)
        }
    }

    private func read(_ transport: any WebSocketTransport) async throws {
        while true {
            let message = try await transport.receive()
            // To the end, though nobody listens: the other side's close frame is still to come.
            if isOver { continue }
            events.received(message)
            // Where that has ended it, there is nothing to pause: nobody would have it go on.
            if !isOver { await events.pause() }
        }
    }

    private func write(_ transport: any WebSocketTransport) async {
        while true {
            if outgoing.isEmpty {
                if isOver { break }
                _ = try? await promised { idleWriter = $0 }
                continue
            }
            let frames = nextFrames(transport)
            // An error is the reader's to tell.
            let areSent = (try? await send(frames, transport)) != nil
            backlog.frames -= frames.count
            backlog.bytes -= frames.reduce(0) { $0 + $1.text.utf8.count }
            // Those that failed stay in the count, for who asks what did not get away.
            if areSent { backlog.events -= frames.filter(\.isEvent).count }
            if !isOver { events.sent() }
        }
        stopFlushTimer?()
        // By the reader's error, or by `hangUp`, which left this to be done.
        if closing == nil { await transport.close(abrupt: false) }
    }

    /// A session is told all that there is, as it may go with one request.
    private func nextFrames(_ transport: any WebSocketTransport) -> [OutgoingFrame] {
        if !(transport is any SessionTransport) { return [outgoing.removeFirst()] }
        defer { outgoing = [] }
        return outgoing
    }

    private func send(_ frames: [OutgoingFrame], _ transport: any WebSocketTransport) async throws {
        if let session = transport as? any SessionTransport { return try await session.send(frames.map(\.text)) }
        for frame in frames { try await transport.send(frame.text) }
    }

    private func wakeWriter() {
        let writer = idleWriter
        idleWriter = nil
        writer?.resolve(())
    }
}
