extension CrossroomError {
    /// What the server says: `{"code","message","retryable","retryAfter"?}`.
    init?(api value: Value?) {
        guard let code = value?["code"]?.string, let message = value?["message"]?.string,
            let isRetryable = value?["retryable"]?.bool
        else { return nil }
        let retryAfter = RetryAfter.seconds(milliseconds: value?["retryAfter"])
        self.init(ErrorCode(rawValue: code), message, isRetryable: isRetryable, retryAfter: retryAfter)
    }

    static let badAnswer = CrossroomError(.badAnswer, "The server's answer has not the shape that it should have.")

    static func badEvent(_ name: String) -> CrossroomError {
        CrossroomError(.malformedFrame, "The server broke the protocol: an event \(name) has not the shape that it should have.")
    }

    static let unconfirmed = CrossroomError(
        .unconfirmed,
        "The ack was lost, for longer than the server remembers ids. Whether the call was carried out is not known.")

    /// What streams fail with at the end of all: nothing where the application has closed the client itself.
    var unlessClosed: CrossroomError? { code == .closed ? nil : self }
}
