/// What an answer other than 200 means for a session (PROTOCOL.md, 12.9 and 12.10).
enum HTTPVerdict: Equatable {
    /// The request is to be sent again, after so many seconds at the earliest.
    case again(after: Double)
    /// The same, with lines from this number on.
    case outOfOrder(received: Int)
    /// The session was closed.
    case closed(TransportFailure)
    /// It cannot go on, though the server has it still.
    case useless(TransportFailure)
    /// It is gone, or nobody lets it through.
    case gone(TransportFailure)

    init(_ answer: HTTPAnswer) {
        let error = answer.json?["error"]
        switch (answer.status, answer.code) {
        case (409, "superseded"): self = .again(after: 0)
        case (409, "out_of_order"):
            let received = error?["received"]?.int.flatMap(Int.init(exactly:))
            self = received.map { .outOfOrder(received: $0) } ?? .again(after: 0)
        case (404, "unknown_session"): self = .gone(TransportFailure("The server does not know the session any more."))
        case (410, "closed"):
            let code = error?["close"]?["code"]?.int.flatMap(Int.init(exactly:)) ?? CloseCodes.abnormal
            self = .closed(.closed(code: code, reason: error?["close"]?["reason"]?.string))
        case (410, "cannot_resume"): self = .useless(TransportFailure("What was missed is kept no more."))
        // A proxy's as well: it takes less than the server.
        case (413, _): self = .closed(TransportFailure(answer.message, closeCode: CloseCodes.tooLarge))
        case (300..<500, _) where !answer.isTemporary:
            self = .gone(TransportFailure(answer.message, status: answer.status, retryAfter: answer.retryAfter))
        default: self = .again(after: answer.retryAfter ?? 0)
        }
    }
}

extension TransportFailure {
    /// The other side closed with this code; 1006 stands for none.
    static func closed(code: Int, reason: String?) -> TransportFailure {
        let usual = "The server closed the connection with code \(code)."
        let message = reason.flatMap { $0.isEmpty ? nil : $0 } ?? usual
        return TransportFailure(message, closeCode: code == CloseCodes.abnormal ? nil : code)
    }
}
