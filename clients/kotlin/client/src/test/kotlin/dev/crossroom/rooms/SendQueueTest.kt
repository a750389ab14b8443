package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Value
import dev.crossroom.json
import dev.crossroom.ownError
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class SendQueueTest {
    private var time = 0L
    private val settled = ArrayList<String>()
    private var messageBytes: Long? = null
    private val queue = SendQueue({ time }, { 0.0 }, { messageBytes })
    private val ok: CallOutcome<Value> = CallOutcome.Ok(json())

    private fun add(id: String, data: Any? = null): PendingCall =
        object : PendingCall {
            override val name = "publish"
            override val argument = json("id" to id, "data" to data)
            override val id = id
            override val bytes = argument.toString().length.toLong()
            override val dataBytes = dataSize(argument["data"] ?: Value.Null)

            override fun resolve(answer: Value) {
                settled.add(id)
            }

            override fun reject(error: CrossroomException) {
                settled.add("$id: ${error.code}")
            }
        }.also(queue::add)

    /** The id of the call that is made next, if one is. */
    private fun next(): String? = (queue.next() as? SendEffect.Call)?.pendingCall?.id

    private fun done(outcome: CallOutcome<Value>): Long? = (queue.done(outcome) as? SendEffect.Wait)?.ms

    private fun refused(code: ErrorCode, retryable: Boolean): CallOutcome<Value> = CallOutcome.Refused(CrossroomException(code, "", retryable))

    @Test
    fun `is called one by one, in order, each after the ack of the one before`() {
        add("a")
        add("b")
        assertEquals(listOf("a", null), listOf(next(), next()))
        done(ok)
        assertEquals(listOf("b", null), listOf(next(), next()))
        done(ok)
        assertEquals(listOf("a", "b"), settled)
        assertTrue(queue.isEmpty)
    }

    @Test
    fun `is called again, before anything else, after a lost connection or a late ack`() {
        add("a")
        add("b")
        for (outcome in listOf(CallOutcome.Lost, CallOutcome.Timeout, CallOutcome.Timeout, CallOutcome.Lost)) {
            assertEquals("a", next())
            done(outcome)
        }
        assertEquals("a", next())
        assertTrue(settled.isEmpty())
    }

    @Test
    fun `waits longer after each error that may pass, and lets nothing overtake`() {
        add("a")
        add("b")
        val waits =
            List(3) {
                assertEquals("a", next())
                val ms = done(refused(ErrorCode.RATE_LIMITED, true))
                assertEquals(null, next(), "while it waits")
                queue.resume()
                ms
            }
        assertEquals(listOf(250L, 500L, 1_000L), waits)
        assertTrue(settled.isEmpty())
    }

    @Test
    fun `is rejected by an error that stays, and the next one goes on`() {
        add("a")
        add("b")
        next()
        done(refused(ErrorCode.MESSAGE_TOO_LARGE, false))
        assertEquals(listOf("a: message_too_large"), settled)
        assertEquals("b", next())
    }

    @Test
    fun `is rejected by a full inbox, which only its reader can empty`() {
        add("a")
        next()
        done(refused(ErrorCode.INBOX_FULL, true))
        assertEquals(listOf("a: inbox_full"), settled)
    }

    @Test
    fun `is done when its message is seen in the log, though the ack never came`() {
        add("a")
        add("b")
        next()
        done(CallOutcome.Lost)
        queue.confirm("a", json())
        assertEquals(listOf("a"), settled)
        assertEquals("b", next())
    }

    @Test
    fun `keeps its place when it is seen before its ack, and the next one waits for that`() {
        add("a")
        add("b")
        next()
        queue.confirm("a", json())
        assertEquals(null, next())
        done(ok)
        assertEquals(listOf("a"), settled)
        assertEquals("b", next())
    }

    @Test
    fun `is not taken for done by a message of the same id before its first call`() {
        add("a")
        queue.confirm("a", json())
        assertTrue(settled.isEmpty())
        assertEquals("a", next())
    }

    @Test
    fun `is made again for as long as the server remembers its id, and no longer`() {
        add("a")
        add("b")
        next()
        done(CallOutcome.Lost)
        time = 280_000
        assertEquals("a", next())
        done(CallOutcome.Lost)
        time = 280_001
        assertEquals("b", next())
        assertEquals(listOf("a: unconfirmed"), settled)
    }

    @Test
    fun `may wait for its first call for any time`() {
        add("a")
        time = 3_600_000
        assertEquals("a", next())
    }

    @Test
    fun `is not waited for any more when it is dropped, and what is under way keeps its place`() {
        val a = add("a")
        val b = add("b")
        add("c")
        next()
        queue.drop(b)
        queue.drop(a)
        assertEquals(null, next())
        done(CallOutcome.Timeout)
        assertEquals("c", next())
        assertTrue(settled.isEmpty())
    }

    /** The connection is lost under the call of this id, and what it does then. */
    private fun cut(id: String, isClosed: Boolean) {
        assertEquals(id, next())
        queue.suspect(isClosed)
        done(CallOutcome.Lost)
    }

    @Test
    fun `fails where the connection is closed with 1009 under it three times, and the next one goes on`() {
        add("a")
        add("b")
        repeat(3) { cut("a", isClosed = true) }
        assertEquals(listOf("a: message_too_large"), settled)
        assertEquals("b", next())
    }

    @Test
    fun `fails where the connection is lost under it five times while it is suspected`() {
        add("a")
        add("b")
        repeat(5) { cut("a", isClosed = false) }
        assertEquals(listOf("a: message_too_large"), settled)
        assertEquals("b", next())
    }

    @Test
    fun `is not suspected any more after any answer`() {
        add("a")
        repeat(20) {
            repeat(2) { cut("a", isClosed = true) }
            assertEquals("a", next())
            done(refused(ErrorCode.RATE_LIMITED, true))
            queue.resume()
        }
        assertTrue(settled.isEmpty())
    }

    @Test
    fun `waits as long as the server says, over a new connection too`() {
        add("a")
        next()
        assertEquals(60_000L, done(CallOutcome.Refused(CrossroomException(ErrorCode.RATE_LIMITED, "", true, retryAfterMillis = 60_000))))
        time = 10_000
        queue.resume()
        assertEquals(SendEffect.Wait(50_000), queue.next())
        time = 60_000
        queue.resume()
        assertEquals("a", next())
    }

    @Test
    fun `fails before its call where the server takes less, and the next one goes on`() {
        messageBytes = 10
        add("a", "x".repeat(9))
        add("b", "x".repeat(8))
        assertEquals("b", next())
        assertEquals(listOf("a: message_too_large"), settled)
    }

    @Test
    fun `is made again under a small message however often the connection is lost`() {
        add("a")
        repeat(100) {
            assertEquals("a", next())
            done(CallOutcome.Lost)
        }
    }

    @Test
    fun `is rejected all at once, but for what the server may be carrying out if that is spared`() {
        add("a")
        add("b")
        next()
        queue.rejectAll(ownError(ErrorCode.ABORTED), spareUnderWay = true)
        assertEquals(listOf("b: aborted"), settled)
        queue.rejectAll(ownError(ErrorCode.CLOSED), spareUnderWay = false)
        assertEquals(listOf("b: aborted", "a: closed"), settled)
    }
}

class DataSizeTest {
    @Test
    fun `counts what JavaScript would write, and binary data with its own bytes`() {
        val sizes =
            mapOf(
                "\"a\\\\\"" to Value.Text("a\\"),
                "\"\\n\\t\\u0001é😀\"" to Value.Text("\n\t\u0001é😀"),
                "[1,2.5,null,true]" to Value.of(listOf(1, 2.5, null, true)),
                "[]" to Value.of(emptyList<Any>()),
                "{}" to json(),
                "{\"a\":{\"b\":1}}" to json("a" to json("b" to 1.0)),
            )
        for ((text, value) in sizes) assertEquals(text.toByteArray().size.toLong(), dataSize(value), text)
        assertEquals(3, dataSize(Value.Binary(ByteArray(3))))
    }
}
