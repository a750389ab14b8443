package dev.crossroom.bridge

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class InFlightTest {
    @Test
    fun `counts the frames of which something is still queued`() {
        val inFlight = InFlight()
        inFlight.sent(10, queued = 10)
        inFlight.sent(20, queued = 30)
        inFlight.sent(5, queued = 35)
        assertEquals(listOf(3, 2, 1, 0, 0), listOf(26L, 25L, 5L, 0L, 0L).map(inFlight::count))
    }

    @Test
    fun `forgets frames that have left before the next one is sent`() {
        val inFlight = InFlight()
        repeat(1_000) { inFlight.sent(10, queued = 0) }
        assertEquals(0, inFlight.count(0))
    }
}
