package dev.crossroom.rooms

import dev.crossroom.MemoryStorage
import dev.crossroom.RoomsEvent
import dev.crossroom.json
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The session of a client: who it is, what ends it, what it says of itself. */
internal class RoomsTest : RoomsTestCase() {
    @Test
    fun `processes the inbox one item at a time, keeps the position and then acks it`() {
        val storage = MemoryStorage()
        val rooms = rooms { this.storage = storage }
        val inHand = ArrayList<Pair<String, CompletableDeferred<Unit>>>()
        val opened = RecordingCallback<Long>()
        scope.launch {
            opened.onSuccess(
                rooms.inbox.process { item ->
                    val done = CompletableDeferred<Unit>()
                    inHand.add(item.id to done)
                    done.await()
                },
            )
        }
        welcome()
        ack(called("inbox", "{}"), "{'ok':true,'cursor':${at(0)},'waiting':2,'known':false}")
        assertEquals(listOf("ok: 2"), opened.outcomes)

        fun item(offset: Int) = jsonOf("{'type':'receipt','id':'i$offset','position':${at(offset)},'from':{'user':'ben'},'at':1}")
        event("inbox", item(1))
        event("inbox", item(2))
        inHand[0].second.completeExceptionally(IllegalStateException("not now"))
        environment.pass(500)
        assertEquals(listOf("i1", "i1"), inHand.map { it.first })
        inHand[1].second.complete(Unit)
        called("inbox_ack", "{'position':${at(1)}}")
        assertEquals("1:e", storage.get("crossroom.inbox.[\"ada\",\"d\"]"))
        reconnect()
        called("inbox", "{'since':${at(1)}}")
        assertEquals(listOf("i1", "i1", "i2"), inHand.map { it.first })
    }

    @Test
    fun `opens the inbox again where the answer cannot be read, if it was open before`() {
        val rooms = rooms()
        val recorded = rooms.sessionEvents()
        val opened = List(2) { RecordingCallback<Long>() }
        RoomsJava.process(rooms.inbox, { _, done -> done.onSuccess(null) }, opened[0])
        welcome()
        ack(called("inbox", "{}"), "{'ok':true}")
        assertEquals(listOf("bad_answer"), opened[0].outcomes)
        RoomsJava.process(rooms.inbox, { _, done -> done.onSuccess(null) }, opened[1])
        ack(called("inbox", "{}"), "{'ok':true,'cursor':${at(0)},'waiting':0,'known':false}")
        reconnect()
        ack(called("inbox", "{'since':${at(0)}}"), "{'ok':true}")
        assertNull(server.nextOrNull())
        environment.pass(500)
        called("inbox", "{'since':${at(0)}}")
        assertEquals("warning: bad_answer", recorded.last())
    }

    @Test
    fun `comes back as the same guest, and as a new one where that is refused`() {
        val storage = MemoryStorage()
        val rooms = rooms { this.storage = storage }
        val recorded = rooms.sessionEvents()
        welcome("guest-1", token = "t1")
        assertEquals("t1", storage.get("crossroom.guest"))
        server.close(4501)
        environment.pass(1_000)
        server.open()
        assertEquals("t1", server.next()["auth"]?.get("token")?.text)
        server.give("{'type':'connect_error','message':'no','data':{'code':'unauthorized','message':'m','retryable':false}}")
        assertNull(storage.get("crossroom.guest"))
        environment.pass(500)
        assertNull(welcome("guest-2", token = "t2")?.get("token"))
        assertEquals(listOf("connected", "disconnected", "warning: connect_error", "connected"), recorded)
    }

    @Test
    fun `ends where a guest's upgrade is refused, after a try as a new guest`() {
        val rooms = rooms()
        val recorded = rooms.sessionEvents()
        welcome("guest-1", token = "t1")
        server.close(4501)
        environment.pass(1_000)
        server.fail(401)
        environment.pass(500)
        assertEquals(3, dialer.sockets.size)
        server.fail(401)
        environment.pass(60_000)
        assertEquals(3, dialer.sockets.size)
        assertEquals(listOf("connected", "disconnected", "warning: refused", "ended: unauthorized", "over"), recorded)
    }

    @Test
    fun `connects at once when the network has changed, where it would have waited`() {
        val rooms = rooms()
        welcome()
        server.close(4000)
        assertEquals(1, dialer.sockets.size)
        rooms.networkChanged()
        assertEquals(2, dialer.sockets.size)
        welcome()
        server.close(4000)
        rooms.foreground()
        welcome()
        environment.pass(20_000)
        assertEquals(3, dialer.sockets.size)
    }

    @Test
    fun `shows a new token before the old one runs out`() {
        var asked = 0
        rooms { token { "t${++asked}" } }
        assertEquals("t1", welcome()?.get("token")?.text)
        event("token_expiring", json("expiresAt" to 1))
        ack(called("refresh", "{'token':'t2'}"), "{'ok':true}")
        assertNull(server.nextOrNull())
    }

    @Test
    fun `ends where the server says so for good, and everything that waits fails with the reason`() {
        val rooms = rooms { token("fixed") }
        val recorded = rooms.sessionEvents()
        val events = rooms.roomEvents()
        rooms.joinedAt(0)
        val publish = rooms.publish(1)
        event("session_end", jsonOf("{'error':{'code':'token_revoked','message':'m','retryable':false}}"))
        server.close(4403)
        val later = rooms.publish(2)
        environment.pass(60_000)
        assertEquals(listOf("connected", "disconnected", "ended: token_revoked", "over"), recorded)
        assertEquals(listOf("joined 0", "failed: token_revoked"), events)
        assertEquals(listOf("token_revoked", "token_revoked"), publish.outcomes + later.outcomes)
        assertTrue(dialer.isClosed && environment.isClosed && dialer.sockets.size == 1)
    }

    @Test
    fun `tells of the device that another connection has taken, of a newer token, and of items that were dropped`() {
        val storage = MemoryStorage()
        val rooms = rooms { this.storage = storage }
        val recorded = ArrayList<RoomsEvent>()
        RoomsJava.listen(rooms) { recorded.add(it) }
        welcome("guest-1", token = "t1")
        event("token_renewed", json("token" to "t2"))
        assertEquals("t2", storage.get("crossroom.guest"))
        event("device_taken", json("sid" to "s9"))
        event("device_returned", json())
        RoomsJava.process(rooms.inbox, { _, done -> done.onSuccess(null) }, RecordingCallback())
        ack(called("inbox", "{}"), "{'ok':true,'cursor':${at(7)},'waiting':0,'known':true,'recovered':false}")
        assertEquals(listOf(RoomsEvent.DeviceTaken, RoomsEvent.DeviceReturned, RoomsEvent.InboxLost), recorded.drop(1))
    }

    @Test
    fun `reads the guest's token from the storage at each connect`() {
        val storage = MemoryStorage()
        rooms { this.storage = storage }
        welcome("guest-1", token = "t1")
        storage.set("crossroom.guest", "t3")
        server.close(4501)
        environment.pass(5_000)
        assertEquals("t3", welcome("guest-1", token = "t4")?.get("token")?.text)
    }

    @Test
    fun `leaves nothing after close, and fails what waits with it`() {
        val rooms = rooms()
        val recorded = rooms.sessionEvents()
        val messages = collected(rooms.room("r").messages()) { "${it.position.offset}" }
        rooms.joinedAt(0)
        val publish = rooms.publish(1)
        repeat(2) { rooms.close() }
        val later = collected(rooms.room("x").messages()) { "${it.position.offset}" }
        assertEquals(listOf("closed"), publish.outcomes)
        assertEquals(listOf("over"), messages)
        assertEquals(listOf("over"), later)
        assertEquals(listOf("connected", "over"), recorded)
        assertTrue(dialer.isClosed && environment.isClosed && environment.running == 0)
    }

    @Test
    fun `warns of what is not of the room API, and goes on`() {
        val rooms = rooms()
        val recorded = rooms.sessionEvents()
        val events = rooms.roomEvents()
        rooms.joinedAt(0)
        event("message", json("room" to "r"))
        event("message", message(1))
        assertEquals(listOf("connected", "warning: bad_answer"), recorded)
        assertEquals(listOf("joined 0", "1"), events)
    }
}
