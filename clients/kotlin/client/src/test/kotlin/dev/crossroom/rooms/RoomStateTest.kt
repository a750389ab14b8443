package dev.crossroom.rooms

import dev.crossroom.Joined
import dev.crossroom.Position
import dev.crossroom.RoomState
import dev.crossroom.support.RecordingCallback
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** A room is in one state at a time (docs/glossary.md, "The states of a room"). */
internal class RoomStateTest : RoomsTestCase() {
    @Test
    fun `is joining until the first join has come to its end, and detached when it is left`() {
        val room = rooms().room("r")
        assertEquals(RoomState.DETACHED, room.state)
        RoomsJava.join(room, Position("e", 1), RecordingCallback())
        assertEquals(RoomState.JOINING, room.state)
        welcome()
        ack(called("join", "{'room':'r','since':${at(1)}}"), joined(3, ",'recovered':false,'messages':[]"))
        assertEquals(RoomState.JOINING, room.state)
        page(1, 2..3, 500)
        assertEquals(RoomState.JOINED, room.state)
        RoomsJava.leave(room, RecordingCallback())
        assertEquals(RoomState.DETACHED, room.state)
    }

    @Test
    fun `is recovering from a lost connection until what was missed is read`() {
        val rooms = rooms().joinedAt(0)
        val room = rooms.room("r")
        assertEquals(RoomState.JOINED, room.state)
        server.close(4501)
        assertEquals(RoomState.RECOVERING, room.state)
        environment.pass(5_000)
        welcome()
        ack(called("join", "{'room':'r','since':${at(0)}}"), joined(1, ",'recovered':false,'messages':[]"))
        assertEquals(RoomState.RECOVERING, room.state)
        page(0, 1..1, 500)
        assertEquals(RoomState.JOINED, room.state)
    }

    @Test
    fun `is recovering where a join goes back to an earlier position`() {
        val room = rooms().joinedAt(5).room("r")
        RoomsJava.join(room, Position("e", 4), RecordingCallback())
        assertEquals(RoomState.RECOVERING, room.state)
        ack(called("join", "{'room':'r','since':${at(4)}}"), joined(5, ",'recovered':true,'messages':[${message(5)}]"))
        assertEquals(RoomState.JOINED, room.state)
    }

    @Test
    fun `is detached where joining is refused for good, at first or later`() {
        val room = rooms().room("r")
        val refused = RecordingCallback<Joined>()
        RoomsJava.join(room, null, refused)
        welcome()
        ack(called("join", "{'room':'r'}"), refusal("forbidden"))
        assertEquals(listOf("forbidden"), refused.outcomes)
        assertEquals(RoomState.DETACHED, room.state)
        RoomsJava.join(room, null, RecordingCallback())
        ack(called("join", "{'room':'r'}"), joined(0))
        reconnect()
        val id = called("join", "{'room':'r','since':${at(0)}}")
        assertEquals(RoomState.RECOVERING, room.state)
        ack(id, refusal("forbidden"))
        assertEquals(RoomState.DETACHED, room.state)
    }

    @Test
    fun `is detached at the end of the client`() {
        val rooms = rooms().joinedAt(0)
        rooms.close()
        assertEquals(RoomState.DETACHED, rooms.room("r").state)
    }
}
