package dev.crossroom.session

import dev.crossroom.frames.StreamEvent
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** When a stream becomes polls within a session: PROTOCOL.md, 12.18. */
class HeldUpStreamTest {
    private val player = HttpSessionPlayer()

    @Test
    fun `changes when open has not come after 3 s, and says so when a poll has brought something`() {
        player.takeAll()
        player.pass(2_999)
        assertEquals(emptyList<String>(), player.take())
        player.pass(1)
        assertEquals(listOf("stop GET", "polls", "GET poll 0"), player.take())
        player.open(0)
        player.frame("0")
        player.endRead()
        assertEquals(listOf("polls work", "0", "GET poll 1"), player.take())
        player.pass(1)
        player.open(1)
        assertEquals(emptyList<String>(), player.take())
        assertFalse(player.session.isStreaming)
    }

    @Test
    fun `changes when no pong has come 3 s after the POST with the ping was answered`() {
        player.open(0)
        player.send("a")
        player.pass(2_000)
        player.answerPost("{\"received\":2}")
        player.frame("{\"type\":\"connected\"}")
        player.takeAll()
        player.pass(2_999)
        assertEquals(emptyList<String>(), player.take())
        player.pass(1)
        assertEquals(listOf("stop GET", "polls", "GET poll 1"), player.take())
    }

    @Test
    fun `does not change when the pong has come, before the answer to the POST or after it`() {
        player.open(0)
        player.send("a")
        player.frame("{\"type\":\"pong\"}")
        player.answerPost("{\"received\":2}")
        player.pass(9_000)
        assertTrue(player.session.isStreaming)
        val other = HttpSessionPlayer()
        other.open(0)
        other.send("a")
        other.answerPost("{\"received\":2}")
        other.frame("{\"type\":\"pong\"}")
        other.pass(9_000)
        assertTrue(other.session.isStreaming)
    }

    @Test
    fun `changes when no ping has come 10 s after open, or both times after the last`() {
        player.open(0)
        player.takeAll()
        player.pass(9_999)
        assertTrue(player.session.isStreaming)
        player.event(StreamEvent.Ping)
        player.answerPost("{\"received\":0}")
        player.pass(44_999)
        player.frame("not a ping")
        assertTrue(player.session.isStreaming)
        player.pass(1)
        assertFalse(player.session.isStreaming)
        assertEquals("GET poll 1", player.take().last())
    }

    @Test
    fun `does not change when nothing at all comes after a ping, but asks for the stream again`() {
        player.open(0)
        player.event(StreamEvent.Ping)
        player.answerPost("{\"received\":0}")
        player.takeAll()
        player.pass(45_000)
        assertEquals(listOf("stop GET", "GET stream 0"), player.take())
    }

    @Test
    fun `does not change because the machine slept`() {
        player.open(0)
        player.event(StreamEvent.Ping)
        player.answerPost("{\"received\":0}")
        player.takeAll()
        player.sleep(600_000)
        assertEquals(listOf("stop GET", "GET stream 0"), player.take())
    }

    @Test
    fun `does not change because nobody takes what came`() {
        player.open(0)
        player.session.hold(player.now)
        player.pass(100_000)
        player.session.release(player.now)
        assertTrue(player.session.isStreaming)
        player.pass(9_999)
        assertTrue(player.session.isStreaming)
        player.pass(1)
        assertFalse(player.session.isStreaming)
    }

    @Test
    fun `without polls, a stream that is held up ends the session`() {
        val player = HttpSessionPlayer(poll = false)
        player.open(0)
        player.takeAll()
        player.pass(10_000)
        assertEquals(listOf("stop GET", "end null null"), player.take())
    }

    @Test
    fun `without streams it polls from the start, and a poll that never ends is asked for again`() {
        val player = HttpSessionPlayer(stream = false)
        player.send("a")
        assertEquals(listOf("GET poll 0", "POST 0 [a] 0"), player.take())
        player.answerPost("{\"received\":1}")
        player.pass(69_999)
        assertEquals(emptyList<String>(), player.take())
        player.pass(1)
        assertEquals(listOf("stop GET", "GET poll 0"), player.take())
    }
}
