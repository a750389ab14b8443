package dev.crossroom.rooms

import dev.crossroom.Joined
import dev.crossroom.Position
import dev.crossroom.RoomState
import dev.crossroom.json
import dev.crossroom.support.RecordingCallback
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import kotlin.coroutines.CoroutineContext

/** How a device joins a room, stays in it, and leaves it. */
internal class RoomMembershipTest : RoomsTestCase() {
    @Test
    fun `joins when it is connected, and tells a collector of before what the join recovers`() {
        val rooms = rooms()
        val messages = collected(rooms.room("r").messages()) { "${it.position.offset}" }
        val recorded = RecordingCallback<Joined>()
        RoomsJava.join(rooms.room("r"), Position("e", 3), recorded)
        assertEquals(json("device" to "d"), welcome())
        ack(called("join", "{'room':'r','since':${at(3)}}"), joined(4, ",'recovered':true,'messages':[${message(4)}]"))
        assertEquals(listOf("4"), messages)
        assertEquals(listOf("ok: Joined(recovered=true, position=Position(epoch=e, offset=4), history=null)"), recorded.outcomes)
    }

    @Test
    fun `joins again after a reconnect from where it was, and reads what the answer has not`() {
        val rooms = rooms()
        val recorded = rooms.roomEvents()
        rooms.joinedAt(5)
        event("message", message(6))
        reconnect()
        ack(called("join", "{'room':'r','since':${at(6)}}"), joined(8, ",'recovered':false,'messages':[]"))
        val page = "{'ok':true,'messages':[${message(7)},${message(8)}],'more':false,'position':${at(8)}}"
        ack(called("history", "{'room':'r','after':${at(6)},'limit':500}"), page)
        assertEquals(listOf("joined 5", "6", "7", "8", "joined 8"), recorded)
    }

    @Test
    fun `repairs a gap before anything later, and declares what cannot be had`() {
        val rooms = rooms()
        val recorded = rooms.roomEvents()
        rooms.joinedAt(5)
        event("message", message(8))
        ack(called("history", "{'room':'r','after':${at(5)},'limit':500}"), refusal("unknown_position"))
        assertEquals(listOf("joined 5", "lost, joined 7", "8"), recorded)
    }

    @Test
    fun `tells where joining again is refused, and stays out`() {
        val rooms = rooms()
        val recorded = rooms.roomEvents()
        val messages = collected(rooms.room("r").messages()) { "${it.position.offset}" }
        rooms.joinedAt(5)
        reconnect()
        ack(called("join", "{'room':'r','since':${at(5)}}"), refusal("forbidden"))
        reconnect()
        assertNull(server.nextOrNull())
        assertEquals(listOf("joined 5", "left: forbidden"), recorded)
        assertEquals(listOf("failed: forbidden"), messages)
    }

    @Test
    fun `joins again where the answer to a join after the first cannot be read, and tells of it`() {
        val rooms = rooms()
        val recorded = rooms.roomEvents()
        val session = rooms.sessionEvents()
        rooms.joinedAt(5)
        reconnect()
        ack(called("join", "{'room':'r','since':${at(5)}}"), "{'ok':true}")
        assertEquals(RoomState.RECOVERING, rooms.room("r").state)
        assertNull(server.nextOrNull())
        environment.pass(500)
        ack(called("join", "{'room':'r','since':${at(5)}}"), joined(6, ",'recovered':true,'messages':[${message(6)}]"))
        assertEquals(listOf("joined 5", "6", "joined 6"), recorded)
        assertEquals("warning: bad_answer", session.last())
    }

    @Test
    fun `reads the log again where the answer cannot be read, five times, and then declares what is missing lost`() {
        val rooms = rooms()
        val recorded = rooms.roomEvents()
        rooms.joinedAt(5)
        event("message", message(8))
        for (delay in listOf(500L, 1_000, 2_000, 4_000, 8_000)) {
            ack(called("history", "{'room':'r','after':${at(5)},'limit':500}"), "{'ok':true,'messages':7}")
            assertNull(server.nextOrNull())
            environment.pass(delay)
        }
        assertEquals(listOf("joined 5"), recorded)
        ack(called("history", "{'room':'r','after':${at(5)},'limit':500}"), "{'ok':true,'messages':7}")
        assertEquals(listOf("joined 5", "lost, joined 7", "8"), recorded)
    }

    @Test
    fun `fails a join that is refused`() {
        val recorded = RecordingCallback<Joined>()
        RoomsJava.join(rooms().room("r"), null, recorded)
        welcome()
        ack(called("join", "{'room':'r'}"), refusal("room_full", retryable = true))
        assertEquals(listOf("room_full"), recorded.outcomes)
        assertEquals(true, recorded.error?.retryable)
    }

    @Test
    fun `goes back to the since of a join while joined, whatever waits`() {
        val rooms = rooms()
        val room = rooms.room("r")
        val flow = room.messages()
        rooms.joinedAt(0)
        for (offset in 1..5) event("message", message(offset))
        assertEquals(listOf("1", "2", "3", "over"), collected(flow.take(3)) { "${it.position.offset}" })
        assertEquals(3L, room.position?.offset)
        val recorded = RecordingCallback<Joined>()
        RoomsJava.join(room, Position("e", 1), recorded)
        val missed = (2..5).map { message(it) }
        ack(called("join", "{'room':'r','since':${at(1)}}"), joined(5, ",'recovered':true,'messages':$missed"))
        assertEquals("ok: Joined(recovered=true, position=Position(epoch=e, offset=5), history=null)", recorded.outcomes.single())
        assertEquals(listOf("2", "3", "4", "5"), collected(flow) { "${it.position.offset}" })
    }

    @Test
    fun `joins with the newest messages up to where the live ones begin, once`() {
        val rooms = rooms()
        val recorded = rooms.roomEvents()
        val joined = rooms.join(2)
        welcome()
        val past = ",'history':{'messages':[${message(4)},${message(5)}],'more':true}"
        ack(called("join", "{'room':'r','history':2}"), joined(5, past))
        event("message", message(6))
        assertEquals("[4, 5] true", joined.past())
        assertEquals(listOf("joined 5", "6"), recorded)
        reconnect()
        called("join", "{'room':'r','since':${at(6)}}")
    }

    @Test
    fun `reads the past for a join with history while joined, up to what was given`() {
        val rooms = rooms().joinedAt(0)
        for (offset in 1..3) event("message", message(offset))
        val joined = rooms.join(2)
        ack(called("history", "{'room':'r','before':${at(4)},'limit':2}"), "{'ok':true,'messages':[${message(2)},${message(3)}],'more':true}")
        assertEquals("[2, 3] true", joined.past())
        val forbidden = rooms.join(2)
        ack(called("history", "{'room':'r','before':${at(4)},'limit':2}"), refusal("forbidden"))
        assertEquals("[] false", forbidden.past())
    }

    @Test
    fun `has the past beside a since only where something is lost, and nothing in it twice`() {
        val rooms = rooms()
        val recorded = rooms.roomEvents()
        val joined = rooms.join(4, Position("e", 0))
        welcome()
        val past = ",'history':{'messages':${(6..9).map { message(it) }},'more':true}"
        ack(called("join", "{'room':'r','since':${at(0)},'history':4}"), joined(9, ",'recovered':false,'messages':[]$past"))
        page(0, 1..7, 500, isMore = true)
        ack(called("history", "{'room':'r','after':${at(7)},'limit':500}"), refusal("unknown_position"))
        assertEquals("[8, 9] true", joined.past())
        assertEquals((1..7).map { "$it" } + "lost, joined 9", recorded)
    }

    @Test
    fun `joins nothing where the join is given up, unless somebody else wants it`() {
        val rooms = rooms()
        val room = rooms.room("r")
        welcome()
        val given = RoomsJava.join(room, null, RecordingCallback())
        val id = called("join", "{'room':'r'}")
        given.cancel()
        called("leave", "{'room':'r'}")
        ack(id, joined(0))
        assertEquals(false, room.isJoined)
        val first = RoomsJava.join(room, null, RecordingCallback())
        RoomsJava.join(room, null, RecordingCallback())
        first.cancel()
        ack(called("join", "{'room':'r'}"), joined(0))
        assertTrue(room.isJoined)
        assertNull(server.nextOrNull())
    }

    @Test
    fun `leaves a room where the one caller was cancelled before it got the result of its join`() {
        val room = rooms().room("r")
        val tasks = ArrayDeque<Runnable>()
        val later =
            object : CoroutineDispatcher() {
                override fun dispatch(context: CoroutineContext, block: Runnable) {
                    tasks.add(block)
                }
            }
        welcome()
        val job = scope.launch(later) { room.join() }
        tasks.removeFirst().run()
        ack(called("join", "{'room':'r'}"), joined(0))
        assertTrue(room.isJoined)
        job.cancel()
        while (tasks.isNotEmpty()) tasks.removeFirst().run()
        called("leave", "{'room':'r'}")
        assertEquals(false, room.isJoined)
    }
}
