/// One call that is made until it is answered for good.
@CrossroomActor
final class PendingCall {
    let name: String
    let argument: Value
    /// The id that the server knows it by again; nil for what may be done twice, as it only reads.
    let id: String?
    /// Called once, at the end.
    private var settle: (@CrossroomActor (Result<Value, CrossroomError>) -> Void)?

    init(
        name: String, argument: Value, id: String?,
        settle: @escaping @CrossroomActor (Result<Value, CrossroomError>) -> Void
    ) {
        self.name = name
        self.argument = argument
        self.id = id
        self.settle = settle
    }

    func end(_ result: Result<Value, CrossroomError>) {
        let settle = self.settle
        self.settle = nil
        settle?(result)
    }
}

/// What goes to the server one after the other: publishes to a room, sends to a user. Nothing overtakes, nothing is sent
/// twice under two ids. A state machine with no I/O: methods return what is to be done. Times in milliseconds.
@CrossroomActor
final class SendQueue {
    enum Effect {
        case nothing
        case call(PendingCall)
        case wait(Double)
    }

    /// After its first call, for how long a call may be made again. The server remembers its id for five minutes at least
    /// (docs/rooms-api.md, 4.5), counted from the append, which cannot be earlier; the rest is for the way there.
    private static let repeatable = 5 * 60_000.0 - 20_000

    private final class Queued {
        let pendingCall: PendingCall
        /// When it was called first.
        var calledAt: Double?
        /// Connections in a row that were lost under it, and it may have been the cause.
        var suspicions = 0
        /// Whether a try had no answer: it may have been carried out.
        var isUnsure = false

        init(_ pendingCall: PendingCall) { self.pendingCall = pendingCall }
    }

    private let now: @Sendable () -> Double
    private let random: @Sendable () -> Double
    private var queue: [Queued] = []
    /// The head of the queue, from its call to its outcome; or one that is not waited for any more.
    private var underWay: Queued?
    private var retry = Retry()
    private var isPausing = false

    init(now: @escaping @Sendable () -> Double, random: @escaping @Sendable () -> Double) {
        self.now = now
        self.random = random
    }

    var isEmpty: Bool { queue.isEmpty && underWay == nil }

    func add(_ pendingCall: PendingCall) { queue.append(Queued(pendingCall)) }

    /// Whether a call that comes next would be the first of that pending call.
    var isFresh: Bool { queue.first?.calledAt == nil }

    /// What to do next; to be asked only when calls can be made. A call that is returned is under way from then on.
    func next() -> Effect {
        if underWay != nil || isPausing { return .nothing }
        while let head = queue.first {
            if isForgotten(head) {
                queue.removeFirst()
                head.pendingCall.end(.failure(.unconfirmed))
                continue
            }
            let left = retry.left(now())
            if left > 0 {
                isPausing = true
                return .wait(left)
            }
            head.calledAt = head.calledAt ?? now()
            underWay = head
            return .call(head.pendingCall)
        }
        return .nothing
    }

    /// The call that is under way has this outcome.
    func done(_ outcome: CallOutcome) -> Effect {
        guard let queued = underWay else { return .nothing }
        underWay = nil
        guard queued === queue.first else { return .nothing }
        switch outcome {
        case .lost, .timeout:
            queued.isUnsure = true
        case .suspected(let allowed):
            queued.isUnsure = true
            queued.suspicions += 1
            if queued.suspicions >= allowed {
                queue.removeFirst()
                queued.pendingCall.end(.failure(.tooLargeForConnection(queued.suspicions)))
            }
        case .ok(let result):
            retry.succeeded()
            queue.removeFirst()
            queued.pendingCall.end(.success(result))
        case .refused(let error):
            queued.suspicions = 0
            return refused(queued, error)
        }
        return .nothing
    }

    /// The pause is over, or a new connection makes it pointless.
    func resume() { isPausing = false }

    /// The call of this id is known to be done, if it was called at all.
    func seen(id: String, result: Value) {
        guard let index = queue.firstIndex(where: { $0.pendingCall.id == id && $0.calledAt != nil }) else { return }
        queue.remove(at: index).pendingCall.end(.success(result))
    }

    /// Whoever waited for it does not any more. If it is under way, the next ones still wait for its outcome.
    func drop(_ pendingCall: PendingCall) { queue.removeAll { $0.pendingCall === pendingCall } }

    /// Rejects all; with `sparing`, but for the one that the server may be carrying out.
    func rejectAll(_ error: CrossroomError, sparing: Bool) {
        let all = queue
        queue = sparing ? all.filter { $0 === underWay } : []
        for queued in all where !(sparing && queued === underWay) { queued.pendingCall.end(.failure(error)) }
    }

    private func refused(_ queued: Queued, _ error: CrossroomError) -> Effect {
        // A full inbox stays so until somebody reads it: its sender must know, and decide.
        if error.isRetryable, error.code != .inboxFull {
            isPausing = true
            // Certainly not carried out: the time in which it can be called again begins anew.
            if !queued.isUnsure { queued.calledAt = nil }
            return .wait(retry.failed(error, now(), random: random()))
        }
        retry.succeeded()
        queue.removeFirst()
        queued.pendingCall.end(.failure(error))
        return .nothing
    }

    /// Whether the server may have forgotten the id: the call must not be made again.
    private func isForgotten(_ queued: Queued) -> Bool {
        guard queued.pendingCall.id != nil, let calledAt = queued.calledAt else { return false }
        return now() - calledAt > Self.repeatable
    }
}

extension CrossroomError {
    fileprivate static func tooLargeForConnection(_ losses: Int) -> CrossroomError {
        let message = "The connection was lost \(losses) times under this message: it is larger than something on the way takes."
        return CrossroomError(.messageTooLarge, message)
    }
}
