/// The shell around a sendQueue: makes its calls, owns its timer, and bounds how much waits in all of them together.
@CrossroomActor
final class SendQueueRunner {
    private let sendQueue: SendQueue
    /// Gone at the end, like the calls.
    private weak var caller: (any Caller)?
    private let environment: Environment
    private let pending: PendingCount
    /// Whether the queue's calls would be taken now. `isFresh`: whether it is the first of its pending call.
    private let isReady: @CrossroomActor (_ isFresh: Bool) -> Bool
    /// Called when the sendQueue has become empty while nobody waited for one of its calls.
    private let emptied: @CrossroomActor (SendQueueRunner) -> Void
    private var isFlushing = false
    private var stopTimer: Cancel = {}

    init(
        _ caller: any Caller, _ environment: Environment, _ pending: PendingCount,
        isReady: @escaping @CrossroomActor (_ isFresh: Bool) -> Bool,
        emptied: @escaping @CrossroomActor (SendQueueRunner) -> Void = { _ in }
    ) {
        self.caller = caller
        self.environment = environment
        self.pending = pending
        self.isReady = isReady
        self.emptied = emptied
        sendQueue = SendQueue(now: environment.now, random: environment.random)
    }

    var isEmpty: Bool { sendQueue.isEmpty }

    /// - Parameter id: of a publish or a send, which counts in `maxPending`; nil for a call that only reads.
    /// - Returns: what the server answers.
    func submit(_ name: String, _ argument: Value, id: String?) async throws -> Value {
        if id != nil, pending.isFull {
            throw CrossroomError(.tooManyPending, "As many publishes and sends as `maxPending` wait for their acks.")
        }
        if id != nil { pending.add() }
        defer { if id != nil { pending.remove() } }
        return try await promised { promise in
            let pendingCall = PendingCall(name: name, argument: argument, id: id) { result in
                switch result {
                case .success(let value): promise.resolve(value)
                case .failure(let error): promise.reject(error)
                }
            }
            promise.onCancel = {
                self.sendQueue.drop(pendingCall)
                self.flush()
            }
            sendQueue.add(pendingCall)
            flush()
        }
    }

    /// A new connection: what had to wait for the old one's sake need not wait any longer.
    func renew() {
        stopTimer()
        sendQueue.resume()
        flush()
    }

    /// Makes the next call, if it is time. What cannot be sent is answered at once: then the one after it, too.
    func flush() {
        if isFlushing { return }
        isFlushing = true
        defer { isFlushing = false }
        while let caller, caller.isUp, isReady(sendQueue.isFresh) {
            switch sendQueue.next() {
            case .call(let pendingCall): caller.call(pendingCall.name, pendingCall.argument) { [weak self] outcome in self?.done(outcome) }
            case .wait(let milliseconds): return pause(milliseconds)
            case .nothing: return
            }
        }
    }

    private func done(_ outcome: CallOutcome) {
        if case .wait(let milliseconds) = sendQueue.done(outcome) { pause(milliseconds) } else { flush() }
        if sendQueue.isEmpty { emptied(self) }
    }

    /// The server has carried out the call of this id: its ack is not waited for.
    func seen(id: String, result: Value) { sendQueue.seen(id: id, result: result) }

    func rejectAll(_ error: CrossroomError, sparing: Bool = false) {
        stopTimer()
        sendQueue.resume()
        sendQueue.rejectAll(error, sparing: sparing)
    }

    private func pause(_ milliseconds: Double) {
        stopTimer()
        stopTimer = environment.after(milliseconds) { [weak self] in
            self?.sendQueue.resume()
            self?.flush()
        }
    }
}
