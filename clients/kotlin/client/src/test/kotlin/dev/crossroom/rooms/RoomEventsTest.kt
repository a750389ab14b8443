package dev.crossroom.rooms

import dev.crossroom.Joined
import dev.crossroom.Position
import dev.crossroom.RoomEvent
import dev.crossroom.Value
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.flow.take
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Test

/** What those who collect a room get, and those who listen. */
internal class RoomEventsTest : RoomsTestCase() {
    @Test
    fun `drops signals where there is no connection, and tells those that come`() {
        val rooms = rooms()
        val recorded = rooms.roomEvents()
        val signals = List(2) { RecordingCallback<Any?>() }
        RoomsJava.signal(rooms.room("r"), Value.Null, signals[0])
        rooms.joinedAt(0)
        RoomsJava.signal(rooms.room("r"), Value.Bool(true), signals[1])
        assertEquals(-1, called("signal", "{'room':'r','data':true}"))
        val from = "{'user':'ben','name':'B','sid':'s2','transport':'bridge'}"
        event("signal", jsonOf("{'room':'r','from':$from,'data':'typing','at':1}"))
        assertEquals(listOf("joined 0", "signal \"typing\""), recorded)
        assertEquals(listOf("ok: null", "ok: null"), signals.flatMap { it.outcomes })
    }

    @Test
    fun `has a slow collector read from the log what it missed, at its own pace, and holds up no other`() {
        val rooms = rooms { maxLag = 4 }
        val room = rooms.room("r")
        val slow = room.messages()
        val quick = collected(room.messages()) { "${it.position.offset}" }
        rooms.joinedAt(0)
        for (offset in 1..20) event("message", message(offset))
        assertEquals((1..20).map { "$it" }, quick)
        assertNull(server.nextOrNull())
        assertEquals(0L, room.position?.offset)

        val got = collected(slow) { "${it.position.offset}" }
        assertEquals(listOf("1", "2", "3"), got)
        assertEquals(3L, room.position?.offset)
        for (after in 3..15 step 4) page(after, after + 1..after + 4, 4, isMore = true)
        event("message", message(21))
        page(19, 20..21, 4)
        assertEquals(21L, room.position?.offset)
        event("message", message(22))
        assertEquals((1..22).map { "$it" }, got)
        assertNull(server.nextOrNull())
        assertEquals((1..22).map { "$it" }, quick)
    }

    @Test
    fun `does not read a backlog that nobody takes`() {
        val rooms = rooms { maxLag = 2 }
        val slow = rooms.room("r").events()
        val recorded = RecordingCallback<Joined>()
        RoomsJava.join(rooms.room("r"), Position("e", 0), recorded)
        welcome()
        ack(called("join", "{'room':'r','since':${at(0)}}"), joined(5_000, ",'recovered':false,'messages':[]"))
        page(0, 1..500, 500, isMore = true)
        assertNull(server.nextOrNull())
        assertEquals("ok: Joined(recovered=true, position=Position(epoch=e, offset=5000), history=null)", recorded.outcomes.single())
        val got = collected(slow) { (it as? RoomEvent.Message)?.message?.position?.offset?.toString() }
        page(1, 2..3, 2, isMore = true)
        page(3, 4..5, 2, isMore = true)
        assertEquals(listOf("1", "2", "3", "4", "5"), got)
        assertEquals(5L, rooms.room("r").position?.offset)
    }

    @Test
    fun `tells a slow collector, in its place, of what is not kept any more`() {
        val rooms = rooms { maxLag = 2 }
        val flow = rooms.room("r").events()
        val messages = rooms.room("r").messages()
        rooms.joinedAt(0)
        for (offset in 1..9) event("message", message(offset))
        val events = collected(flow) { word(it) }
        ack(called("history", "{'room':'r','after':${at(0)},'limit':2}"), refusal("unknown_position"))
        event("message", message(10))
        assertEquals(listOf("joined 0", "lost, joined 9", "10"), events)
        val got = collected(messages) { "${it.position.offset}" }
        ack(called("history", "{'room':'r','after':${at(1)},'limit':2}"), refusal("unknown_position"))
        assertEquals(listOf("1", "failed: too_slow"), got)
    }

    @Test
    fun `reads again for a slow collector what cannot be read, five times, and then declares it lost`() {
        val rooms = rooms { maxLag = 2 }
        val flow = rooms.room("r").events()
        rooms.joinedAt(0)
        for (offset in 1..9) event("message", message(offset))
        val events = collected(flow) { word(it) }
        for (delay in listOf(500L, 1_000, 2_000, 4_000, 8_000)) {
            ack(called("history", "{'room':'r','after':${at(0)},'limit':2}"), "{'ok':true,'messages':7}")
            assertNull(server.nextOrNull())
            environment.pass(delay)
        }
        assertEquals(listOf("joined 0"), events)
        ack(called("history", "{'room':'r','after':${at(0)},'limit':2}"), "{'ok':true,'messages':7}")
        assertEquals(listOf("joined 0", "lost, joined 9"), events)
    }

    @Test
    fun `goes on reading for a slow collector after a reconnect, and after an error that may pass`() {
        val rooms = rooms { maxLag = 2 }
        val slow = rooms.room("r").messages()
        rooms.joinedAt(0)
        for (offset in 1..4) event("message", message(offset))
        val got = collected(slow) { "${it.position.offset}" }
        called("history", "{'room':'r','after':${at(1)},'limit':2}")
        reconnect()
        ack(called("join", "{'room':'r','since':${at(4)}}"), joined(4, ",'recovered':true,'messages':[]"))
        val busy = "{'ok':false,'error':{'code':'rate_limited','message':'m','retryable':true,'retryAfter':5000}}"
        ack(called("history", "{'room':'r','after':${at(1)},'limit':2}"), busy)
        environment.pass(4_999)
        assertNull(server.nextOrNull())
        environment.pass(1)
        page(1, 2..3, 2, isMore = true)
        page(3, 4..4, 2)
        assertEquals(listOf("1", "2", "3", "4"), got)
    }

    @Test
    fun `gives a later collector of the same flow what came since the earlier one stopped`() {
        val rooms = rooms()
        val flow = rooms.room("r").messages()
        rooms.joinedAt(0)
        for (offset in 1..2) event("message", message(offset))
        assertEquals(listOf("1", "over"), collected(flow.take(1)) { "${it.position.offset}" })
        event("message", message(3))
        val rest = collected(flow) { "${it.position.offset}" }
        event("message", message(4))
        rooms.close()
        assertEquals(listOf("2", "3", "4", "over"), rest)
    }

    @Test
    fun `goes on where a listener throws`() {
        val rooms = rooms()
        val recorded = ArrayList<String>()
        val thread = Thread.currentThread()
        val before = thread.uncaughtExceptionHandler
        thread.setUncaughtExceptionHandler { _, thrown -> recorded.add("thrown: ${thrown.message}") }
        try {
            RoomsJava.listen(rooms.room("r")) { if (it is RoomEvent.Message) throw StackOverflowError("${it.message.position.offset}") }
            rooms.joinedAt(0)
            for (offset in 1..2) event("message", message(offset))
        } finally {
            thread.uncaughtExceptionHandler = before
        }
        assertEquals(listOf("thrown: 1", "thrown: 2"), recorded)
    }
}
