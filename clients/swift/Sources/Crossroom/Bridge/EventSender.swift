/// The sending half of a namespace: events, what waits to leave, and what waits for an ack. Order is kept.
@CrossroomActor
final class EventSender {
    typealias Completion = @CrossroomActor (Result<[Value], CrossroomError>) -> Void

    private enum Waiting {
        /// The text is the frame's, as it was when the event was emitted. `id`: of a call.
        case event(id: Int64?, text: String)
        /// The namespace is left, after what was emitted before.
        case leave
    }

    private struct PendingAck {
        let completion: Completion
        let stopTimer: Cancel
    }

    /// Called when the namespace has been left.
    var left: @CrossroomActor () -> Void = {}

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

    /// Events that wait to leave, and calls that wait for their ack.
    var unsent: Int { acks.count + buffer.lazy.filter { if case .event(nil, _) = $0 { true } else { false } }.count }

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
        let index = buffer.firstIndex { if case .event(let other, _) = $0 { other == id } else { false } }
        if let index { _ = take(index) }
        settle(id, .failure(error))
    }

    /// The namespace is connected: what has waited leaves.
    func connected() {
        isReady = true
        while sendNext() {}
    }

    /// Sends what has waited longest, if the connection takes it.
    /// - Returns: whether it did, or it was refused.
    func sendNext() -> Bool {
        guard isReady, let next = buffer.first else { return false }
        switch next {
        case .leave:
            _ = take(0)
            finishLeaving()
            return false
        case .event(let id, let text):
            do { try connection.check(text) } catch {
                _ = take(0)
                let error = CrossroomError.from(error)
                connection.report(error)
                if let id { settle(id, .failure(error)) }
                return true
            }
            guard connection.takesEvent() else { return false }
            _ = take(0)
            connection.transmitEvent(text, wantsAck: id != nil)
            return true
        }
    }

    /// Leaves the namespace, after what was emitted before. Nobody waits for acks any more.
    func leave() {
        settleAll(.disconnected)
        if buffer.isEmpty { return finishLeaving() }
        buffer.append(.leave)
    }

    /// The connection is gone, and with it the acks of all that has left; what has not left still may, but for what had to leave before
    /// the namespace was left.
    func disconnected() {
        isReady = false
        if let leaving = buffer.lastIndex(where: { if case .leave = $0 { true } else { false } }) {
            for _ in 0...leaving { _ = take(0) }
            if leaving > 0 {
                let message = "The connection was lost before \(leaving) events had left, that were emitted before the disconnect."
                connection.report(CrossroomError(.disconnected, message))
            }
        }
        let waiting = Set(buffer.compactMap { if case .event(let id, _) = $0 { id } else { nil } })
        for id in acks.keys.sorted() where !waiting.contains(id) { settle(id, .failure(.disconnected)) }
    }

    func answered(_ id: Int64, _ args: [Value]) { settle(id, .success(args)) }

    func refused(_ id: Int64, _ error: CrossroomError) { settle(id, .failure(error)) }

    /// Hands over what the connection takes at once, and ends.
    /// - Returns: events that were not handed over, and calls that have no answer.
    func end(_ error: CrossroomError) -> Int {
        while isReady, case .event(let id, let text)? = buffer.first, (try? connection.check(text)) != nil,
            connection.takesEvent(isLast: true)
        {
            _ = take(0)
            connection.transmitEvent(text, wantsAck: id != nil)
        }
        if isReady { connection.send(.disconnect(ns: ns)) }
        isReady = false
        let unsent = self.unsent
        buffer = []
        bufferedBytes = 0
        settleAll(error)
        return unsent
    }

    private func submit(_ name: String, _ args: [Value], id: Int64?) throws {
        if connection.isClosed { throw CrossroomError.closed }
        if let fault = Namespace.fault(inName: ns) { throw fault }
        if ClientFrame.reservedEvents.contains(name) {
            throw CrossroomError("reserved_event", "Socket.IO keeps the name \(name) for itself.")
        }
        let text = try ClientFrame.event(ns: ns, name: name, args: args, id: id).encoded()
        // One that turns out to be dead tells so, and nothing goes on it.
        if isReady, connection.isUsable(), isReady {
            // What the server never takes is not to be tried again, as a full buffer is.
            try connection.check(text)
            if buffer.isEmpty, connection.takesEvent() { return connection.transmitEvent(text, wantsAck: id != nil) }
        }
        let (maxFrames, maxBytes) = (connection.options.maxBuffered, connection.options.maxBufferedBytes)
        // One that is larger than that alone would never find room: only others are a reason to refuse it.
        if buffer.count >= maxFrames || (!buffer.isEmpty && bufferedBytes + text.utf8.count > maxBytes) {
            throw CrossroomError(
                .bufferFull, "\(maxFrames) events or \(maxBytes) bytes wait to be sent.", isRetryable: true)
        }
        buffer.append(.event(id: id, text: text))
        bufferedBytes += text.utf8.count
    }

    private func take(_ index: Int) -> Waiting {
        let waiting = buffer.remove(at: index)
        if case .event(_, let text) = waiting { bufferedBytes -= text.utf8.count }
        return waiting
    }

    private func finishLeaving() {
        if isReady { connection.send(.disconnect(ns: ns)) }
        isReady = false
        left()
    }

    private func settleAll(_ error: CrossroomError) {
        for id in acks.keys.sorted() { settle(id, .failure(error)) }
    }

    private func settle(_ id: Int64, _ result: Result<[Value], CrossroomError>) {
        // An ack that nobody waits for is ignored (PROTOCOL.md, 4.3).
        guard let ack = acks.removeValue(forKey: id) else { return }
        ack.stopTimer()
        ack.completion(result)
        connection.progressed()
    }
}
