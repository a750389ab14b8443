package dev.crossroom.session

import dev.crossroom.frames.Rate
import dev.crossroom.frames.StreamEvent
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class HttpSessionTest {
    private val player = HttpSessionPlayer()

    private fun HttpSessionPlayer.begun(): HttpSessionPlayer = apply { takeAll() }

    @Test
    fun `reads a stream from the beginning, and sends the first line with a ping behind it`() {
        assertEquals(listOf("GET stream 0"), player.take())
        player.send("a")
        assertEquals(listOf("POST 0 [a, ping] 0"), player.take())
        player.send("b")
        player.send("c")
        assertEquals(emptyList<String>(), player.take(), "one POST under way")
        player.answerPost("{\"received\":2}")
        assertEquals(listOf("POST 2 [b, c] 0"), player.take())
        player.answerPost("{\"received\":4}")
        assertEquals(emptyList<String>(), player.take())
        assertEquals(0L, player.session.queuedBytes)
    }

    @Test
    fun `counts what is queued until the server has it`() {
        player.send("äb")
        assertEquals(3L + PING, player.session.queuedBytes)
        player.send("c")
        player.answerPost("{\"received\":2}")
        assertEquals(1L, player.session.queuedBytes)
    }

    @Test
    fun `hands on each frame once, whatever comes again`() {
        player.begun()
        player.open(0)
        player.frame("0")
        player.frame("1")
        player.endRead()
        assertEquals(listOf("0", "1", "GET stream 2"), player.take())
        player.open(0)
        for (n in 0..2) player.frame("$n")
        assertEquals(listOf("2"), player.take())
    }

    @Test
    fun `takes an answer for none that begins behind what was received, or with no open`() {
        player.begun()
        player.open(1)
        assertEquals(listOf("stop GET", "GET stream 0"), player.take())
        player.frame("0")
        assertEquals(listOf("stop GET"), player.take())
        player.pass(500)
        assertEquals(listOf("GET stream 0"), player.take())
        player.open(0)
        player.event(StreamEvent.Other("news"))
        player.event(StreamEvent.Open(0))
        assertEquals(listOf("stop GET"), player.take())
        player.pass(1_000)
        assertEquals(listOf("GET stream 0"), player.take())
    }

    @Test
    fun `answers a ping with a POST without lines, and says what it has received`() {
        player.begun()
        player.open(0)
        player.frame("0")
        player.event(StreamEvent.Ping)
        assertEquals(listOf("0", "POST 0 [] 1"), player.take())
        player.event(StreamEvent.Ping)
        assertEquals(emptyList<String>(), player.take())
        player.answerPost("{\"received\":0}")
        assertEquals(listOf("POST 0 [] 1"), player.take())
    }

    @Test
    fun `says what it has received after each 256 KiB`() {
        player.begun()
        player.open(0)
        repeat(5) { player.frame("x".repeat(64 * 1024)) }
        assertEquals(listOf("POST 0 [] 4"), player.take().filter { it.startsWith("POST") })
        player.answerPost("{\"received\":0}")
        assertEquals(emptyList<String>(), player.take())
    }

    @Test
    fun `sends a POST without an answer again, at once and then with pauses, with the same number and all that waits`() {
        player.begun()
        player.open(0)
        player.send("a")
        player.failPost()
        player.send("b")
        assertEquals(listOf("POST 0 [a, ping] 0", "POST 0 [a, ping] 0"), player.take())
        player.answerPost(status = 503)
        player.pass(499)
        assertEquals(emptyList<String>(), player.take())
        player.pass(1)
        assertEquals(listOf("POST 0 [a, ping, b] 0"), player.take())
        player.answerPost(status = 429, retryAfter = 3)
        player.event(StreamEvent.Ping)
        player.pass(2_999)
        assertEquals(emptyList<String>(), player.take())
        player.pass(1)
        assertEquals(listOf("POST 0 [a, ping, b] 0"), player.take())
        player.answerPost("{\"received\":3}")
        assertEquals(0L, player.session.queuedBytes)
    }

    @Test
    fun `a POST that the server had, though its answer was lost, is skipped there and goes on here`() {
        player.send("a")
        player.failPost()
        player.send("b")
        player.takeAll()
        player.answerPost("{\"received\":2}")
        assertEquals(listOf("POST 2 [b] 0"), player.take())
    }

    @Test
    fun `takes an answer for none that counts what was never sent`() {
        for (body in listOf("{\"received\":5}", "{}", "<html>", "{\"received\":0}")) {
            val player = HttpSessionPlayer()
            player.send("a")
            player.takeAll()
            player.answerPost(body)
            assertEquals(listOf("POST 0 [a, ping] 0"), player.take(), body)
            player.answerPost(body)
            player.pass(499)
            assertEquals(emptyList<String>(), player.take(), body)
        }
    }

    @Test
    fun `sends from the line on that is missing`() {
        player.send("a")
        player.send("b")
        player.takeAll()
        player.answerPost("{\"error\":{\"code\":\"out_of_order\",\"message\":\"\",\"received\":1}}", 409)
        assertEquals(listOf("POST 1 [ping, b] 0"), player.take())
        player.answerPost("{\"error\":{\"code\":\"superseded\",\"message\":\"\"}}", 409)
        player.pass(500)
        assertEquals(listOf("POST 1 [ping, b] 0"), player.take())
    }

    @Test
    fun `puts no more into a body than the server takes`() {
        val player = HttpSessionPlayer(maxPayload = 30)
        player.send("x".repeat(20))
        player.send("1".repeat(10))
        player.send("2".repeat(10))
        player.send("3".repeat(30))
        assertEquals(listOf(1), player.postSizes())
        player.answerPost("{\"received\":1}")
        player.answerPost("{\"received\":3}")
        player.answerPost("{\"received\":4}")
        assertEquals(listOf(2, 1, 1), player.postSizes())
    }

    @Test
    fun `a POST without an answer for both times of the heartbeat is stopped, and sent again`() {
        player.begun()
        player.open(0)
        player.send("a")
        player.takeAll()
        repeat(9) {
            player.event(StreamEvent.Ping)
            player.frame("{\"type\":\"pong\"}")
            player.pass(5_000)
        }
        assertEquals(listOf("stop POST", "POST 0 [a, ping] 10".replace("10", "9")), player.take().filter { "POST" in it })
    }

    @Test
    fun `reads again at once when a stream has ended, and with pauses when nothing came`() {
        player.begun()
        player.open(0)
        player.frame("0")
        player.endRead()
        player.endRead()
        assertEquals(listOf("0", "GET stream 1", "GET stream 1"), player.take())
        player.endRead()
        assertEquals(emptyList<String>(), player.take())
        player.pass(500)
        assertEquals(listOf("GET stream 1"), player.take())
        player.refuseRead(502)
        player.pass(1_000)
        assertEquals(listOf("GET stream 1"), player.take())
    }

    @Test
    fun `does not ask without a pause for answers that end as soon as they have begun`() {
        player.begun()
        var asked = 0
        repeat(20) {
            player.open(0)
            player.endRead()
            asked += player.take().size
        }
        assertEquals(1, asked)
    }

    @Test
    fun `is lost when no request was answered for the time that the server keeps it`() {
        player.begun()
        player.open(0)
        player.frame("0")
        player.endRead()
        player.takeAll()
        var ends: String? = null
        var passed = 0L
        while (ends == null && passed < 60_000) {
            player.endRead()
            player.pass(100)
            passed += 100
            ends = player.take().find { it.startsWith("end") }
        }
        assertEquals("end null null", ends)
        assertEquals(20_000, passed)
        assertNull(player.session.deadline)
    }

    @Test
    fun `is not lost in a quiet room`() {
        player.begun()
        player.open(0)
        player.pass(5_000)
        repeat(100) {
            player.event(StreamEvent.Ping)
            player.pass(25_000)
            player.answerPost("{\"received\":0}")
        }
        assertTrue(player.take().none { it.startsWith("end") || it.startsWith("GET") })
    }

    @Test
    fun `ends with the code of the server's close`() {
        player.begun()
        player.open(0)
        player.frame("0")
        player.event(StreamEvent.Close(4501, "server_shutdown"))
        assertEquals(listOf("0", "stop GET", "end 4501 null"), player.take())
        player.frame("1")
        player.send("a")
        assertEquals(emptyList<String>(), player.take())
    }

    @Test
    fun `reads on when a POST is told of the close, and takes its code after a second`() {
        val closed = "{\"error\":{\"code\":\"closed\",\"message\":\"\",\"close\":{\"code\":4403,\"reason\":\"token_revoked\"}}}"
        player.begun()
        player.open(0)
        player.send("a")
        player.takeAll()
        player.answerPost(closed, 410)
        player.frame("0")
        player.pass(999)
        assertEquals(listOf("0"), player.take())
        player.pass(1)
        assertEquals(listOf("stop GET", "end 4403 null"), player.take())
    }

    @Test
    fun `ends as refusals of its requests say`() {
        fun ends(status: Int, body: String): List<String> =
            HttpSessionPlayer().apply {
                takeAll()
                refuseRead(status, body)
            }.take()

        fun error(code: String, more: String = "") = "{\"error\":{\"code\":\"$code\",\"message\":\"\"$more}}"
        assertEquals(listOf("end 4501 null"), ends(410, error("closed", ",\"close\":{\"code\":4501,\"reason\":\"\"}")))
        assertEquals(listOf("DELETE", "end null null"), ends(410, error("cannot_resume")))
        assertEquals(listOf("end null null"), ends(404, error("unknown_session")))
        assertEquals(listOf("end null 400"), ends(400, error("bad_request")))
        for (status in listOf(301, 401, 403, 404, 407, 410, 451)) assertEquals(listOf("end null $status"), ends(status, "<html>"))
        for (status in listOf(204, 408, 421, 425, 429, 500, 502, 503, 599)) assertEquals(listOf("GET stream 0"), ends(status, ""), "$status")
    }

    @Test
    fun `a body that is too large closes with 1009`() {
        player.send("a")
        player.takeAll()
        player.answerPost("{\"error\":{\"code\":\"message_too_big\",\"message\":\"\"}}", 413)
        player.pass(1_000)
        assertEquals("end 1009 null", player.take().last())
    }

    @Test
    fun `leaves after what was sent has come`() {
        player.begun()
        player.open(0)
        player.send("a")
        player.send("b")
        player.leave()
        assertEquals(listOf("POST 0 [a, ping] 0", "stop GET"), player.take())
        player.answerPost("{\"received\":2}")
        assertEquals(listOf("POST 2 [b] 0"), player.take())
        player.failPost()
        assertEquals(listOf("POST 2 [b] 0"), player.take())
        player.answerPost("{\"received\":3}")
        assertEquals(listOf("DELETE"), player.take())
        assertTrue(player.session.isOver)
    }

    @Test
    fun `leaves at once when nothing is to be sent, and without a word when the server has closed`() {
        player.begun()
        player.leave()
        assertEquals(listOf("stop GET", "DELETE"), player.take())
        val other = HttpSessionPlayer()
        other.send("a")
        other.leave()
        other.takeAll()
        other.answerPost("{\"error\":{\"code\":\"unknown_session\",\"message\":\"\"}}", 404)
        assertEquals(emptyList<String>(), other.take())
        assertTrue(other.session.isOver)
    }

    @Test
    fun `asks anew at once when the network is another one`() {
        player.begun()
        player.open(0)
        player.send("a")
        player.takeAll()
        player.networkChanged()
        assertEquals(listOf("stop GET", "stop POST", "GET stream 0", "POST 0 [a, ping] 0"), player.take())
        player.session.event(1, StreamEvent.Frame("late"), player.now)
        assertEquals(emptyList<String>(), player.take())
    }

    @Test
    fun `polls no more often than the server takes messages, and now and then in any case`() {
        val player = HttpSessionPlayer(stream = false)
        player.session.pace(Rate(perSecond = 10.0, burst = 10.0), player.now)
        var polls = 0
        repeat(100) {
            player.open(0)
            player.frame("0")
            player.endRead()
            polls += player.take().count { it.startsWith("GET") }
        }
        assertEquals(9, polls)
        player.pass(112)
        assertEquals(listOf("GET poll 1"), player.take())
        repeat(100) {
            player.send("a")
            player.answerPost("{\"received\":${it + 1}}")
        }
        player.open(0)
        player.event(StreamEvent.Ping)
        player.endRead()
        player.takeAll()
        player.pass(499)
        assertEquals(emptyList<String>(), player.take().filter { it.startsWith("GET") })
        player.pass(1)
        assertEquals(listOf("GET poll 1"), player.take().filter { it.startsWith("GET") })
    }

    private companion object {
        const val PING = 15L
    }
}
