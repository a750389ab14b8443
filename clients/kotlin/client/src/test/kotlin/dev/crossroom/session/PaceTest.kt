package dev.crossroom.session

import dev.crossroom.frames.Rate
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class PaceTest {
    /** Sends as much as it may for so long; when each message left. */
    private fun send(pace: Pace, until: Long): List<Long> {
        val left = ArrayList<Long>()
        var now = 0L
        while (true) {
            now += pace.delay(now)
            if (now > until) return left
            pace.count(now)
            left.add(now)
        }
    }

    @Test
    fun `lets nine tenths of the burst leave at once, and then nine tenths of what is added each second`() {
        val left = send(Pace().also { it.begin(0) }, 10_001)
        assertEquals(900, left.count { it == 0L })
        assertEquals(900 + 4_500, left.size)
    }

    @Test
    fun `never meets the server's limit`() {
        val rate = Rate(perSecond = 7.0, burst = 20.0)
        val pace = Pace().also { it.begin(0) }
        pace.set(rate, 0)
        var tokens = rate.burst
        var at = 0L
        for (now in send(pace, 60_000)) {
            tokens = minOf(rate.burst, tokens + (now - at) * rate.perSecond / 1_000) - 1
            at = now
            assertTrue(tokens >= 0, "at $now")
        }
    }

    @Test
    fun `counts what has left before the server said its rate`() {
        val pace = Pace().also { it.begin(0) }
        repeat(9) { pace.count(0) }
        pace.set(Rate(perSecond = 10.0, burst = 10.0), 0)
        assertEquals(112, pace.delay(0))
    }

    @Test
    fun `lets one message leave whatever the burst`() {
        val pace = Pace().also { it.begin(0) }
        pace.set(Rate(perSecond = 1.0, burst = 1.0), 0)
        assertEquals(0, pace.delay(0))
        pace.count(0)
        assertEquals(1_112, pace.delay(0))
    }
}
