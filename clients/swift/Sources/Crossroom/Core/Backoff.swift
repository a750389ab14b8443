import Foundation

/// How long to wait before something is tried again. Pure.
enum Backoff {
    /// Past this many doublings every delay is at its longest.
    private static let maxDoublings = 20

    /// Milliseconds before the try that follows `failures` (1 or more) in a row: doubled each time from 500 to 10,000, and from
    /// half of that up to the whole by `random` (from 0 up to 1), so that clients that failed together do not come back together.
    static func call(failures: Int, random: Double) -> Double {
        let whole = min(500 * doublings(failures - 1), 10_000)
        return (whole * (0.5 + random / 2)).rounded(.down)
    }

    /// Milliseconds before connection attempt number `attempt`, the first being 0.
    static func connection(attempt: Int, policy: ReconnectPolicy, random: Double) -> Double {
        let mean = min(policy.minDelay * 1000 * doublings(attempt), policy.maxDelay * 1000)
        let jitter = min(max(policy.jitter, 0), 1)
        return (mean * (1 + jitter * (2 * random - 1))).rounded(.down)
    }

    private static func doublings(_ count: Int) -> Double { pow(2, Double(min(max(count, 0), maxDoublings))) }
}

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

/// When a lost connection is made again. Times in seconds.
public struct ReconnectPolicy: Sendable, Equatable {
    /// Seconds before the first attempt; doubled with each one that fails. Default 1.
    public var minDelay: Double
    /// Seconds before any attempt, at most, before `jitter`. Default 5.
    public var maxDelay: Double
    /// By what part of itself a delay is shortened or lengthened at random: from 0 to 1. Default 0.5.
    public var jitter: Double
    /// Seconds that an attempt may take. Default 20.
    public var timeout: Double
    /// Attempts to connect again, in a row, after the first one failed or a connection was lost; nil for any number, the default.
    public var maxAttempts: Int?

    /// The policy, with the defaults for what is left out.
    public init(
        minDelay: Double = 1, maxDelay: Double = 5, jitter: Double = 0.5, timeout: Double = 20, maxAttempts: Int? = nil
    ) {
        self.minDelay = minDelay
        self.maxDelay = maxDelay
        self.jitter = jitter
        self.timeout = timeout
        self.maxAttempts = maxAttempts
    }
}
