package dev.crossroom.session

import dev.crossroom.frames.Rate
import kotlin.math.ceil
import kotlin.math.max

/**
 * When the next message may leave, so that nothing of a backlog is lost to the server's limit (PROTOCOL.md, 9): a bucket that runs full with each
 * message, and empties with time. Pure; times in milliseconds.
 */
internal class RateLimiter {
    private var rate = Rate()
    private var level = 0.0
    private var at = 0L

    /** A connection begins. */
    fun begin(now: Long) {
        rate = Rate()
        level = 0.0
        at = now
    }

    /** What the server of this connection takes. */
    fun set(rate: Rate, now: Long) {
        drain(now)
        this.rate = rate
    }

    /** A message has left. What need not wait may leave too much: the next ones wait the longer. */
    fun count(now: Long) {
        drain(now)
        level++
    }

    /** Milliseconds before the next message; 0 where it may leave now. */
    fun delay(now: Long): Long {
        drain(now)
        val excess = level + 1 - max(1.0, rate.burst * SHARE)
        return if (excess <= 0) 0 else ceil(excess / perMillisecond).toLong().coerceIn(1, MAX_DELAY)
    }

    private fun drain(now: Long) {
        level = max(0.0, level - (now - at) * perMillisecond)
        at = now
    }

    private val perMillisecond get() = rate.perSecond * SHARE / 1_000

    private companion object {
        /** Of what the server takes: its clock and this one, and the network between them, do not agree to the message. */
        const val SHARE = 0.9

        /** It is looked at again then, whatever the server's rate. */
        const val MAX_DELAY = 60_000L
    }
}
