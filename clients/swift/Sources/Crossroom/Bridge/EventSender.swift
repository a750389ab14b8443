/// The sending half of a namespace: events, what waits for the connection, and what waits for an ack. Order is kept.
@CrossroomActor
final class EventSender {
    typealias Completion = @CrossroomActor (Result<[Value], CrossroomError>) -> Void

    private struct Waiting {
        let id: Int64?
        /// The frame, as it was when the event was emitted.
        let text: String
    }

    private struct PendingAck {
        let completion: Completion
        let stopTimer: Cancel
    }

    private let ns: String
    private let connection: Connection
    private var buffer: [Waiting] = []
    private var bufferedBytes = 0
    private var nextId: Int64 = 0
    private var acks: [Int64: PendingAck] = [:]
    /// Whether the namespace is connected.
    private var isReady = false

    init(ns: String, connection: Connection) {
        self.ns = ns
        self.connection = connection
    }

    /// Sends an event: now, or when the namespace is connected.
    func emit(_ name: String, _ args: [Value]) throws {
        try submit(name, args, id: nil)
    }

    /// The same, and has the ack's arguments given to `completion`, or an error: once, and never before this returns.
    /// - Returns: the id, to give it up by.
    func call(_ name: String, _ args: [Value], timeout: Double, completion: @escaping Completion) throws -> Int64 {
        let id = nextId
        try submit(name, args, id: id)
        nextId += 1
        let stopTimer = connection.environment.after(timeout * 1000) { [weak self] in
            self?.giveUp(id, CrossroomError(.timeout, "No ack came in \(timeout) s.", isRetryable: true))
        }
        acks[id] = PendingAck(completion: completion, stopTimer: stopTimer)
        return id
    }

    /// The ack is not waited for any more; an event that has not left yet will not.
    func giveUp(_ id: Int64, _ error: CrossroomError) {
        if let index = buffer.firstIndex(where: { $0.id == id }) {
            bufferedBytes -= buffer.remove(at: index).text.utf8.count
        }
        settle(id, .failure(error))
    }

    /// The namespace is connected: what has waited leaves.
    func connected() {
        isReady = true
        let waiting = buffer
        buffer = []
        bufferedBytes = 0
        for event in waiting {
            do {
                try connection.transmit(event.text)
            } catch {
                let error = CrossroomError.from(error)
                connection.report(error)
                if let id = event.id { settle(id, .failure(error)) }
            }
        }
    }

    /// The connection is gone, and with it the acks of all that has left; what has not left still may.
    func disconnected() {
        isReady = false
        let waiting = Set(buffer.compactMap(\.id))
        for id in acks.keys.sorted() where !waiting.contains(id) { settle(id, .failure(.disconnected)) }
    }

    func answered(_ id: Int64, _ args: [Value]) { settle(id, .success(args)) }

    func refused(_ id: Int64, _ error: CrossroomError) { settle(id, .failure(error)) }

    func end(_ error: CrossroomError) {
        isReady = false
        buffer = []
        bufferedBytes = 0
        for id in acks.keys.sorted() { settle(id, .failure(error)) }
    }

    private func submit(_ name: String, _ args: [Value], id: Int64?) throws {
        if connection.isClosed { throw CrossroomError.closed }
        if let fault = Namespace.fault(inName: ns) { throw fault }
        if ClientFrame.reservedEvents.contains(name) {
            throw CrossroomError("reserved_event", "Socket.IO keeps the name \(name) for itself.")
        }
        let text = try ClientFrame.event(ns: ns, name: name, args: args, id: id).encoded()
        let goesNow = isReady && connection.isUsable()
        // What the server never takes is not to be tried again, as a full buffer is.
        if goesNow { try connection.check(text) }
        let (frames, bytes) = goesNow ? connection.backlog : (buffer.count, bufferedBytes)
        let (maxFrames, maxBytes) = (connection.options.maxBuffered, connection.options.maxBufferedBytes)
        // One that is larger than that alone would never find room: only others are a reason to refuse it.
        if frames >= maxFrames || (frames > 0 && bytes + text.utf8.count > maxBytes) {
            throw CrossroomError(
                .bufferFull, "\(maxFrames) events or \(maxBytes) bytes wait to be sent.", isRetryable: true)
        }
        if goesNow { return try connection.transmit(text) }
        buffer.append(Waiting(id: id, text: text))
        bufferedBytes += text.utf8.count
    }

    private func settle(_ id: Int64, _ result: Result<[Value], CrossroomError>) {
        // An ack that nobody waits for is ignored (PROTOCOL.md, 4.3).
        guard let ack = acks.removeValue(forKey: id) else { return }
        ack.stopTimer()
        ack.completion(result)
    }
}
