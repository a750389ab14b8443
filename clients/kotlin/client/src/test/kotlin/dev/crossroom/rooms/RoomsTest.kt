package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.History
import dev.crossroom.Joined
import dev.crossroom.MemoryStorage
import dev.crossroom.Published
import dev.crossroom.RoomEvent
import dev.crossroom.Rooms
import dev.crossroom.RoomsEvent
import dev.crossroom.RoomsJava
import dev.crossroom.RoomsOptions
import dev.crossroom.Sent
import dev.crossroom.Value
import dev.crossroom.json
import dev.crossroom.support.FakeDialer
import dev.crossroom.support.FakeEnvironment
import dev.crossroom.support.FakeSocket
import dev.crossroom.support.Told
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.launch
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The rooms layer against a server of the test's, on a clock of the test's. */
class RoomsTest {
    private val environment = FakeEnvironment()
    private val dialer = FakeDialer()
    private val scope = CoroutineScope(Dispatchers.Unconfined)
    private val server: FakeSocket get() = dialer.last

    @AfterEach
    fun stop() = scope.cancel()

    private fun rooms(configure: RoomsOptions.() -> Unit = {}): Rooms {
        val options = RoomsOptions()
        options.reconnect.jitter = 0.0
        options.device = "d"
        options.configure()
        return Rooms("http://host", options, environment) { dialer }
    }

    /** Opens the connection; the `auth` that was shown. */
    private fun welcome(user: String = "ada", token: String? = null): Value? {
        server.open()
        val auth = server.next()["auth"]
        server.connected()
        val who = json("user" to user, "name" to user, "sid" to "s", "device" to "d", "guest" to (token != null))
        event("welcome", if (token == null) who else json(*who.fields.toList().toTypedArray(), "token" to token))
        return auth
    }

    private fun event(name: String, argument: Value) =
        server.give(json("type" to "event", "event" to name, "args" to listOf(argument)))

    /** The next call is this; its id. */
    private fun called(name: String, argument: String): Long {
        val frame = server.next()
        assertEquals(name, frame["event"]?.text)
        assertEquals(jsonOf(argument), frame["args"]?.get(0))
        return frame["id"]?.long ?: -1
    }

    private fun ack(id: Long, answer: String) = server.give(json("type" to "ack", "id" to id, "args" to listOf(jsonOf(answer))))

    private fun at(offset: Int) = "{'epoch':'e','offset':$offset}"

    private fun joined(offset: Int, more: String = "") =
        "{'ok':true,'room':'r','position':${at(offset)},'members':[],'count':0$more}"

    private fun message(offset: Int, id: String = "m$offset", user: String = "ben") =
        jsonOf(
            "{'room':'r','id':'$id','position':${at(offset)}," +
                "'from':{'user':'$user','name':'B','sid':'s2','transport':'bridge'},'data':$offset,'at':1}",
        )

    private fun refusal(code: String, retryable: Boolean = false) =
        "{'ok':false,'error':{'code':'$code','message':'m','retryable':$retryable}}"

    private fun <T : Any> collected(flow: Flow<T>, word: (T) -> String?): List<String> {
        val told = ArrayList<String>()
        scope.launch {
            try {
                flow.collect { word(it)?.let(told::add) }
                told.add("over")
            } catch (error: CrossroomException) {
                told.add("failed: ${error.code}")
            }
        }
        return told
    }

    private fun Rooms.session(): List<String> =
        collected(events()) {
            when (it) {
                is RoomsEvent.Connected -> "connected"
                is RoomsEvent.Disconnected -> "disconnected"
                is RoomsEvent.Ended -> "ended: ${it.error.code}"
                is RoomsEvent.Warning -> "warning: ${it.error.code}"
                else -> null
            }
        }

    private fun Rooms.happenings(): List<String> =
        collected(room("r").events()) {
            when (it) {
                is RoomEvent.Message -> "${it.message.position.offset}"
                is RoomEvent.Entered -> (if (it.joined.recovered) "joined " else "lost, joined ") + it.joined.position.offset
                is RoomEvent.Left -> "left: ${it.error.code}"
                is RoomEvent.Signalled -> "signal ${it.signal.data}"
                else -> null
            }
        }

    private fun Rooms.joinedAt(offset: Int): Rooms {
        RoomsJava.join(room("r"), null, Told())
        welcome()
        ack(called("join", "{'room':'r'}"), joined(offset))
        return this
    }

    private fun reconnect() {
        server.close(4501)
        environment.pass(5_000) // the longest delay
        welcome()
    }

    private fun Rooms.publish(n: Int, id: String? = null): Told<Published> =
        Told<Published>().also { RoomsJava.publish(room("r"), Value.Integer(n.toLong()), id, it) }

    @Test
    fun `joins when it is connected, and tells a collector of before what the join recovers`() {
        val rooms = rooms()
        val messages = collected(rooms.room("r").messages()) { "${it.position.offset}" }
        val told = Told<Joined>()
        RoomsJava.join(rooms.room("r"), dev.crossroom.Position("e", 3), told)
        assertEquals(json("device" to "d"), welcome())
        ack(called("join", "{'room':'r','since':${at(3)}}"), joined(4, ",'recovered':true,'messages':[${message(4)}]"))
        assertEquals(listOf("4"), messages)
        assertEquals(listOf("ok: Joined(recovered=true, position=Position(epoch=e, offset=4))"), told.outcomes)
    }

    @Test
    fun `joins again after a reconnect from where it was, and reads what the answer has not`() {
        val rooms = rooms()
        val told = rooms.happenings()
        rooms.joinedAt(5)
        event("message", message(6))
        reconnect()
        ack(called("join", "{'room':'r','since':${at(6)}}"), joined(8, ",'recovered':false,'messages':[]"))
        val page = "{'ok':true,'messages':[${message(7)},${message(8)}],'more':false,'position':${at(8)}}"
        ack(called("history", "{'room':'r','after':${at(6)},'limit':500}"), page)
        assertEquals(listOf("joined 5", "6", "7", "8", "joined 8"), told)
    }

    @Test
    fun `repairs a gap before anything later, and declares what cannot be had`() {
        val rooms = rooms()
        val told = rooms.happenings()
        rooms.joinedAt(5)
        event("message", message(8))
        ack(called("history", "{'room':'r','after':${at(5)},'limit':500}"), refusal("unknown_position"))
        assertEquals(listOf("joined 5", "lost, joined 7", "8"), told)
    }

    @Test
    fun `tells where joining again is refused, and stays out`() {
        val rooms = rooms()
        val told = rooms.happenings()
        val messages = collected(rooms.room("r").messages()) { "${it.position.offset}" }
        rooms.joinedAt(5)
        reconnect()
        ack(called("join", "{'room':'r','since':${at(5)}}"), refusal("forbidden"))
        reconnect()
        assertNull(server.nextOrNull())
        assertEquals(listOf("joined 5", "left: forbidden"), told)
        assertEquals(listOf("failed: forbidden"), messages)
    }

    @Test
    fun `fails a join that is refused`() {
        val told = Told<Joined>()
        RoomsJava.join(rooms().room("r"), null, told)
        welcome()
        ack(called("join", "{'room':'r'}"), refusal("room_full", retryable = true))
        assertEquals(listOf("room_full"), told.outcomes)
        assertEquals(true, told.error?.retryable)
    }

    @Test
    fun `publishes in order, one at a time, each until it is acked, over lost connections and late acks`() {
        val rooms = rooms().joinedAt(0)
        val first = rooms.publish(1, "a")
        val second = rooms.publish(2, "b")
        called("publish", "{'room':'r','data':1,'id':'a'}")
        assertNull(server.nextOrNull())
        environment.pass(10_000)
        called("publish", "{'room':'r','data':1,'id':'a'}")
        reconnect()
        ack(called("join", "{'room':'r','since':${at(0)}}"), joined(0, ",'recovered':true,'messages':[]"))
        val id = called("publish", "{'room':'r','data':1,'id':'a'}")
        ack(id, "{'ok':true,'id':'a','position':${at(1)},'at':5,'duplicate':true}")
        ack(called("publish", "{'room':'r','data':2,'id':'b'}"), "{'ok':true,'id':'b','position':${at(2)},'at':6,'duplicate':false}")
        assertEquals(listOf("a", "b"), listOf(first.result?.id, second.result?.id))
    }

    @Test
    fun `takes its own message in a recovery for the ack of its publish`() {
        val rooms = rooms().joinedAt(0)
        val told = rooms.publish(1, "a")
        reconnect()
        val missed = ",'recovered':true,'messages':[${message(1, "a", "ada")}]"
        ack(called("join", "{'room':'r','since':${at(0)}}"), joined(1, missed))
        assertEquals(listOf("ok: Published(id=a, position=Position(epoch=e, offset=1), at=1)"), told.outcomes)
        assertNull(server.nextOrNull())
    }

    @Test
    fun `goes on with the next publish where one is cancelled`() {
        val rooms = rooms().joinedAt(0)
        val cancelled = Told<Published>()
        val cancellable = RoomsJava.publish(rooms.room("r"), Value.Integer(1), "a", cancelled)
        val next = rooms.publish(2, "b")
        val id = called("publish", "{'room':'r','data':1,'id':'a'}")
        cancellable.cancel()
        ack(id, "{'ok':true,'id':'a','position':${at(1)},'at':5,'duplicate':false}")
        called("publish", "{'room':'r','data':2,'id':'b'}")
        assertTrue(cancelled.outcomes.isEmpty() && next.outcomes.isEmpty())
    }

    @Test
    fun `does not publish again on a new connection after 280 s`() {
        val rooms = rooms().joinedAt(0)
        val told = rooms.publish(1, "a")
        server.close(4501)
        environment.pass(280_001)
        while (dialer.sockets.size < 2) environment.pass(1_000)
        server.fail()
        environment.pass(10_000)
        welcome()
        ack(called("join", "{'room':'r','since':${at(0)}}"), joined(0, ",'recovered':true,'messages':[]"))
        assertEquals(listOf("unconfirmed"), told.outcomes)
    }

    @Test
    fun `refuses what waits beyond maxPending, and what a frame cannot carry`() {
        val rooms = rooms { maxPending = 1 }.joinedAt(0)
        val large = rooms.publish(1)
        val tooMany = rooms.publish(2)
        assertEquals(listOf("too_many_pending"), tooMany.outcomes)
        assertTrue(large.outcomes.isEmpty())
        val told = Told<Sent>()
        val other = rooms()
        welcome()
        RoomsJava.send(other, "ben", Value.Text("x".repeat(2_000)), false, told)
        assertEquals(listOf("message_too_large"), told.outcomes)
    }

    @Test
    fun `sends to each recipient in a lane of its own, and tells at once of a full inbox`() {
        val rooms = rooms()
        welcome()
        val told = listOf("ben", "ben", "cleo").map { to ->
            Told<Sent>().also { RoomsJava.send(rooms, to, Value.Null, true, it) }
        }
        val first = called("send", "{'to':'ben','data':null,'id':'id1','receipt':true}")
        called("send", "{'to':'cleo','data':null,'id':'id3','receipt':true}")
        ack(first, refusal("inbox_full", retryable = true))
        called("send", "{'to':'ben','data':null,'id':'id2','receipt':true}")
        assertEquals(listOf(listOf("inbox_full"), emptyList(), emptyList()), told.map { it.outcomes })
    }

    @Test
    fun `processes the inbox one item at a time, keeps the position and then acks it`() {
        val storage = MemoryStorage()
        val rooms = rooms { this.storage = storage }
        val inHand = ArrayList<Pair<String, CompletableDeferred<Unit>>>()
        val opened = Told<Long>()
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
    fun `comes back as the same guest, and as a new one where that is refused`() {
        val storage = MemoryStorage()
        val rooms = rooms { this.storage = storage }
        val told = rooms.session()
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
        assertEquals(listOf("connected", "disconnected", "warning: connect_error", "connected"), told)
    }

    @Test
    fun `ends where a guest's upgrade is refused, after a try as a new guest`() {
        val rooms = rooms()
        val told = rooms.session()
        welcome("guest-1", token = "t1")
        server.close(4501)
        environment.pass(1_000)
        server.fail(401)
        environment.pass(500)
        assertEquals(3, dialer.sockets.size)
        server.fail(401)
        environment.pass(60_000)
        assertEquals(3, dialer.sockets.size)
        assertEquals(listOf("connected", "disconnected", "warning: refused", "ended: unauthorized", "over"), told)
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
        val told = rooms.session()
        val happenings = rooms.happenings()
        rooms.joinedAt(0)
        val publish = rooms.publish(1)
        event("session_end", jsonOf("{'error':{'code':'token_revoked','message':'m','retryable':false}}"))
        server.close(4403)
        val later = rooms.publish(2)
        environment.pass(60_000)
        assertEquals(listOf("connected", "disconnected", "ended: token_revoked", "over"), told)
        assertEquals(listOf("joined 0", "failed: token_revoked"), happenings)
        assertEquals(listOf("token_revoked", "token_revoked"), publish.outcomes + later.outcomes)
        assertTrue(dialer.isClosed && environment.isClosed && dialer.sockets.size == 1)
    }

    @Test
    fun `drops signals where there is no connection, and tells those that come`() {
        val rooms = rooms()
        val told = rooms.happenings()
        val signals = List(2) { Told<Any?>() }
        RoomsJava.signal(rooms.room("r"), Value.Null, signals[0])
        rooms.joinedAt(0)
        RoomsJava.signal(rooms.room("r"), Value.Bool(true), signals[1])
        assertEquals(-1, called("signal", "{'room':'r','data':true}"))
        val from = "{'user':'ben','name':'B','sid':'s2','transport':'bridge'}"
        event("signal", jsonOf("{'room':'r','from':$from,'data':'typing','at':1}"))
        assertEquals(listOf("joined 0", "signal \"typing\""), told)
        assertEquals(listOf("ok: null", "ok: null"), signals.flatMap { it.outcomes })
    }

    @Test
    fun `fails a collector that lags behind, and no other`() {
        val rooms = rooms { maxLag = 2 }
        val slow = rooms.room("r").messages()
        val quick = collected(rooms.room("r").messages()) { "${it.position.offset}" }
        rooms.joinedAt(0)
        for (offset in 1..3) event("message", message(offset))
        assertEquals(listOf("1", "2", "3"), quick)
        assertEquals(listOf("1", "2", "failed: too_slow"), collected(slow) { "${it.position.offset}" })
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
    fun `refuses any number of publishes in a row that no frame can carry`() {
        val rooms = rooms { maxPending = 3_000 }
        val told = List(3_000) { Told<Published>().also { RoomsJava.publish(rooms.room("r"), Value.Decimal(Double.NaN), null, it) } }
        welcome()
        assertTrue(told.all { it.outcomes == listOf("invalid_argument") })
    }

    @Test
    fun `bounds the readings that wait`() {
        val room = rooms { maxPending = 1 }.room("r")
        val told = List(2) { Told<History>().also { RoomsJava.history(room, null, null, null, it) } }
        assertEquals(listOf(emptyList(), listOf("too_many_pending")), told.map { it.outcomes })
    }

    @Test
    fun `goes on where a listener throws`() {
        val rooms = rooms()
        val told = ArrayList<String>()
        val thread = Thread.currentThread()
        val before = thread.uncaughtExceptionHandler
        thread.setUncaughtExceptionHandler { _, thrown -> told.add("thrown: ${thrown.message}") }
        try {
            RoomsJava.listen(rooms.room("r")) { if (it is RoomEvent.Message) throw StackOverflowError("${it.message.position.offset}") }
            rooms.joinedAt(0)
            for (offset in 1..2) event("message", message(offset))
        } finally {
            thread.uncaughtExceptionHandler = before
        }
        assertEquals(listOf("thrown: 1", "thrown: 2"), told)
    }

    @Test
    fun `leaves nothing after close, and fails what waits with it`() {
        val rooms = rooms()
        val told = rooms.session()
        val messages = collected(rooms.room("r").messages()) { "${it.position.offset}" }
        rooms.joinedAt(0)
        val publish = rooms.publish(1)
        repeat(2) { rooms.close() }
        val later = collected(rooms.room("x").messages()) { "${it.position.offset}" }
        assertEquals(listOf("closed"), publish.outcomes)
        assertEquals(listOf("over"), messages)
        assertEquals(listOf("over"), later)
        assertEquals(listOf("connected", "over"), told)
        assertTrue(dialer.isClosed && environment.isClosed && environment.running == 0)
    }

    @Test
    fun `warns of what is not of the room API, and goes on`() {
        val rooms = rooms()
        val told = rooms.session()
        val happenings = rooms.happenings()
        rooms.joinedAt(0)
        event("message", json("room" to "r"))
        event("message", message(1))
        assertEquals(listOf("connected", "warning: internal"), told)
        assertEquals(listOf("joined 0", "1"), happenings)
    }
}
