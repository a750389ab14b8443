package dev.crossroom

/** How a lost connection is made again. Times in milliseconds. */
public class ReconnectOptions {
    /** Before the second attempt; doubled with each failure. Default 1,000. */
    public var minDelayMillis: Long = 1_000

    /** Before any attempt, at most. Default 5,000. */
    public var maxDelayMillis: Long = 5_000

    /** From 0 to 1: by how much of itself a delay is shortened or lengthened at random. Default 0.5. */
    public var jitter: Double = 0.5

    /** What an attempt may take. Default 20,000. */
    public var timeoutMillis: Long = 20_000

    /** Attempts in a row that may fail before the client gives up. Default: no limit. */
    public var maxAttempts: Int = Int.MAX_VALUE
}
