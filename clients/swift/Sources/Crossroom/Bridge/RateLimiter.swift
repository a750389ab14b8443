/// Keeps messages to a rate, so that the server closes no connection for it (PROTOCOL.md, 9): its token bucket, a tenth smaller. Pure;
/// times in milliseconds.
struct RateLimiter {
    private static let share = 0.9
    /// Messages per second: a server that takes fewer is not believed.
    private static let slowest = 0.1

    private var rate: Rate
    private var tokens: Double
    private var filledAt: Double

    init(_ now: Double) {
        rate = Self.own(.usual)
        tokens = rate.burst
        filledAt = now
    }

    /// The server has said its rate; what was sent before counts.
    mutating func adopt(_ rate: Rate, _ now: Double) {
        fill(now)
        let own = Self.own(rate)
        tokens += own.burst - self.rate.burst
        self.rate = own
    }

    /// Whether a message may leave now; if so, it is counted.
    mutating func take(_ now: Double) -> Bool {
        fill(now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// Counts a message that does not wait: an ack, a ping.
    mutating func spend(_ now: Double) {
        fill(now)
        tokens -= 1
    }

    /// Milliseconds until a message may leave.
    func wait(_ now: Double) -> Double { max(0, (1 - tokens) / rate.perSecond * 1000 - (now - filledAt)) }

    private mutating func fill(_ now: Double) {
        if now <= filledAt { return }
        tokens = min(rate.burst, tokens + (now - filledAt) / 1000 * rate.perSecond)
        filledAt = now
    }

    private static func own(_ rate: Rate) -> Rate {
        Rate(perSecond: max(slowest, rate.perSecond * share), burst: max(1, rate.burst * share))
    }
}
