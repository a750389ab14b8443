package dev.crossroom.session

import dev.crossroom.TransportKind
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class TransportChoiceTest {
    private var now = 0L
    private val memory = TransportMemory { now }

    @Test
    fun `falls back from a handshake that something on the way refuses, and not from a server that does`() {
        for (status in listOf(101, 200, 301, 400, 404, 426, 500, 502, 503)) assertTrue(fallsBack(status, false, true), "$status")
        for (status in listOf(401, 403, 407, 429)) assertFalse(fallsBack(status, false, true), "$status")
        assertFalse(fallsBack(503, true, true))
        assertTrue(fallsBack(502, true, true))
        assertTrue(fallsBack(null, false, isReached = true))
        assertFalse(fallsBack(null, false, isReached = false))
    }

    @Test
    fun `remembers for 10 minutes what worked, for each URL`() {
        memory.remember("a", TransportKind.SSE)
        now = 599_999
        assertEquals(TransportKind.SSE, memory.wayTo("a"))
        assertNull(memory.wayTo("b"))
        now = 600_000
        assertNull(memory.wayTo("a"))
        memory.remember("a", TransportKind.POLLING)
        memory.forget("a")
        assertNull(memory.wayTo("a"))
    }

    @Test
    fun `does not ask for HTTP for 5 minutes where there is none`() {
        assertTrue(memory.mayHaveHttp("a"))
        memory.lacksHttp("a")
        now = 299_999
        assertFalse(memory.mayHaveHttp("a"))
        assertTrue(memory.mayHaveHttp("b"))
        now = 300_000
        assertTrue(memory.mayHaveHttp("a"))
    }

    @Test
    fun `knows the answers to an opening`() {
        fun opening(status: Int, body: String) = HttpAnswer(status, body).opening()
        val good = "{\"session\":\"n1.a-b_C\",\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000,\"resumeTimeout\":20000}"
        val terms = (opening(201, good) as HttpOpening.Opened).terms
        val times = terms.run { listOf(pingInterval, pingTimeout, maxPayload, resumeTimeout) }
        assertEquals("n1.a-b_C" to listOf(25_000L, 20_000L, 1_000L, 20_000L), terms.session to times)
        for (body in listOf("", "{}", good.replace("n1.a-b_C", "a b"), good.replace("n1.a-b_C", "x".repeat(129)), good.replace("25000", "0"))) {
            assertTrue(opening(201, body) is HttpOpening.NoBridge, body)
        }
        assertTrue(opening(200, good) is HttpOpening.NoBridge)
        assertTrue(opening(401, "{\"error\":{\"code\":\"unauthorized\",\"message\":\"\"}}") is HttpOpening.Refused)
        assertTrue(opening(401, "<html>") is HttpOpening.NoBridge)
        for (status in listOf(408, 421, 425, 429, 500, 502, 503, 504)) {
            assertTrue(opening(status, "<html>") is HttpOpening.Unanswered, "$status")
        }
        assertTrue(opening(503, "{\"error\":{\"code\":\"overloaded\",\"message\":\"\"}}") is HttpOpening.Refused)
        assertTrue(opening(404, "{\"error\":{\"code\":\"not_found\",\"message\":\"\"}}") is HttpOpening.NoBridge)
    }

    @Test
    fun `comes back no sooner than either of the two says`() {
        assertEquals(7_000L, HttpAnswer(503, "", 7).retryAfter)
        assertEquals(7_500L, HttpAnswer(503, "{\"error\":{\"code\":\"overloaded\",\"message\":\"\",\"retryAfter\":7500}}", 7).retryAfter)
        assertNull(HttpAnswer(503, "{\"error\":7}").retryAfter)
    }
}
