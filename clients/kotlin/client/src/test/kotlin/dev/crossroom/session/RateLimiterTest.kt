package dev.crossroom.session

import dev.crossroom.frames.Rate
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class RateLimiterTest {
    /** Sends as much as it may for so long; when each message left. */
    private fun send(limiter: RateLimiter, until: Long): List<Long> {
        val left = ArrayList<Long>()
        var now = 0L
        while (true) {
            now += limiter.delay(now)
            if (now > until) return left
            limiter.count(now)
            left.add(now)
        }
    }

    @Test
    fun `lets nine tenths of the burst leave at once, and then nine tenths of what is added each second`() {
        val left = send(RateLimiter().also { it.begin(0) }, 10_001)
        assertEquals(900, left.count { it == 0L })
        assertEquals(900 + 4_500, left.size)
    }

    @Test
    fun `never meets the server's limit`() {
        val rate = Rate(perSecond = 7.0, burst = 20.0)
        val limiter = RateLimiter().also { it.begin(0) }
        limiter.set(rate, 0)
        var tokens = rate.burst
        var at = 0L
        for (now in send(limiter, 60_000)) {
            tokens = minOf(rate.burst, tokens + (now - at) * rate.perSecond / 1_000) - 1
            at = now
            assertTrue(tokens >= 0, "at $now")
        }
    }

    @Test
    fun `counts what has left before the server said its rate`() {
        val limiter = RateLimiter().also { it.begin(0) }
        repeat(9) { limiter.count(0) }
        limiter.set(Rate(perSecond = 10.0, burst = 10.0), 0)
        assertEquals(112, limiter.delay(0))
    }

    @Test
    fun `lets one message leave whatever the burst`() {
        val limiter = RateLimiter().also { it.begin(0) }
        limiter.set(Rate(perSecond = 1.0, burst = 1.0), 0)
        assertEquals(0, limiter.delay(0))
        limiter.count(0)
        assertEquals(1_112, limiter.delay(0))
    }
}
