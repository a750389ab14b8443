/// What a server says of when to come back, as seconds; nil for what says nothing.
enum RetryAfter {
    /// One day: more than that is no answer, and would only keep a client away for good.
    private static let longest = 86_400.0

    /// Of the field of an error (docs/rooms-api.md, 11.1; PROTOCOL.md, 1.6).
    static func seconds(milliseconds value: Value?) -> Double? { value?.double.flatMap { check($0 / 1000) } }

    /// Of the header (RFC 9110, 10.2.3). Dates are not looked at: they would need a clock that is right.
    static func seconds(header: String?) -> Double? { header.flatMap { UInt32($0) }.flatMap { check(Double($0)) } }

    private static func check(_ seconds: Double) -> Double? { seconds >= 0 ? min(seconds, longest) : nil }
}

/// When a call that failed may be made again: with backoff, and not before the time that the server has asked for.
struct Retry {
    private var failures = 0
    /// The server's time, by the caller's clock.
    private var notBefore = 0.0

    /// - Parameter now: in milliseconds.
    /// - Returns: milliseconds to wait from now on.
    mutating func failed(_ error: CrossroomError?, _ now: Double, random: Double) -> Double {
        failures += 1
        if let seconds = error?.retryAfter { notBefore = now + seconds * 1000 }
        return max(Backoff.call(failures: failures, random: random), left(now))
    }

    mutating func succeeded() { self = Retry() }

    /// Milliseconds of the server's time that are left: no new connection shortens them.
    func left(_ now: Double) -> Double { max(0, notBefore - now) }
}
