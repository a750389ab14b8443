/// When a lost connection is made again. Times in seconds.
public struct ReconnectOptions: Sendable, Equatable {
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

    /// The options, with the defaults for what is left out.
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
