package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.History
import dev.crossroom.Joined
import dev.crossroom.MemoryStorage
import dev.crossroom.Published
import dev.crossroom.RoomEvent
import dev.crossroom.RoomsEvent
import dev.crossroom.RoomsOptions
import dev.crossroom.Sent
import dev.crossroom.Value
import dev.crossroom.json
import dev.crossroom.support.FakeDialer
import dev.crossroom.support.FakeEnvironment
import dev.crossroom.support.FakeSocket
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
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
import kotlin.coroutines.CoroutineContext

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
        val recorded = ArrayList<String>()
        scope.launch {
            try {
                flow.collect { word(it)?.let(recorded::add) }
                recorded.add("over")
            } catch (error: CrossroomException) {
                recorded.add("failed: ${error.code}")
            }
        }
        return recorded
    }

    private fun Rooms.sessionEvents(): List<String> =
        collected(events()) {
            when (it) {
                is RoomsEvent.Connected -> "connected"
                is RoomsEvent.Disconnected -> "disconnected"
                is RoomsEvent.Ended -> "ended: ${it.error.code}"
                is RoomsEvent.Warning -> "warning: ${it.error.code}"
                else -> null
            }
        }

    private fun Rooms.roomEvents(): List<String> =
        collected(room("r").events(), ::word)

    private fun word(event: RoomEvent): String? =
        when (event) {
            is RoomEvent.Message -> "${event.message.position.offset}"
            is RoomEvent.Entered -> (if (event.joined.recovered) "joined " else "lost, joined ") + event.joined.position.offset
            is RoomEvent.Left -> "left: ${event.error.code}"
            is RoomEvent.Signalled -> "signal ${event.signal.data}"
            else -> null
        }

    private fun Rooms.joinedAt(offset: Int): Rooms {
        RoomsJava.join(room("r"), null, RecordingCallback())
        welcome()
        ack(called("join", "{'room':'r'}"), joined(offset))
        return this
    }

    private fun reconnect() {
        server.close(4501)
        environment.pass(5_000) // the longest delay
        welcome()
    }

    private fun Rooms.publish(n: Int, id: String? = null): RecordingCallback<Published> =
        RecordingCallback<Published>().also { RoomsJava.publish(room("r"), Value.Integer(n.toLong()), id, it) }

    @Test
    fun `joins when it is connected, and tells a collector of before what the join recovers`() {
        val rooms = rooms()
        val messages = collected(rooms.room("r").messages()) { "${it.position.offset}" }
        val recorded = RecordingCallback<Joined>()
        RoomsJava.join(rooms.room("r"), dev.crossroom.Position("e", 3), recorded)
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
    fun `fails a join that is refused`() {
        val recorded = RecordingCallback<Joined>()
        RoomsJava.join(rooms().room("r"), null, recorded)
        welcome()
        ack(called("join", "{'room':'r'}"), refusal("room_full", retryable = true))
        assertEquals(listOf("room_full"), recorded.outcomes)
        assertEquals(true, recorded.error?.retryable)
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
        val recorded = rooms.publish(1, "a")
        reconnect()
        val missed = ",'recovered':true,'messages':[${message(1, "a", "ada")}]"
        ack(called("join", "{'room':'r','since':${at(0)}}"), joined(1, missed))
        assertEquals(listOf("ok: Published(id=a, position=Position(epoch=e, offset=1), at=1)"), recorded.outcomes)
        assertNull(server.nextOrNull())
    }

    @Test
    fun `goes on with the next publish where one is cancelled`() {
        val rooms = rooms().joinedAt(0)
        val cancelled = RecordingCallback<Published>()
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
        val recorded = rooms.publish(1, "a")
        server.close(4501)
        environment.pass(280_001)
        while (dialer.sockets.size < 2) environment.pass(1_000)
        server.fail()
        environment.pass(10_000)
        welcome()
        ack(called("join", "{'room':'r','since':${at(0)}}"), joined(0, ",'recovered':true,'messages':[]"))
        assertEquals(listOf("unconfirmed"), recorded.outcomes)
    }

    @Test
    fun `refuses what waits beyond maxPending, and what a frame cannot carry`() {
        val rooms = rooms { maxPending = 1 }.joinedAt(0)
        val large = rooms.publish(1)
        val tooMany = rooms.publish(2)
        assertEquals(listOf("too_many_pending"), tooMany.outcomes)
        assertTrue(large.outcomes.isEmpty())
        val recorded = RecordingCallback<Sent>()
        val other = rooms()
        welcome()
        RoomsJava.send(other, "ben", Value.Text("x".repeat(2_000)), false, recorded)
        assertEquals(listOf("message_too_large"), recorded.outcomes)
    }

    @Test
    fun `sends to each recipient in a queue of its own, and tells at once of a full inbox`() {
        val rooms = rooms()
        welcome()
        val recorded = listOf("ben", "ben", "cleo").map { to ->
            RecordingCallback<Sent>().also { RoomsJava.send(rooms, to, Value.Null, true, it) }
        }
        val first = called("send", "{'to':'ben','data':null,'id':'id1','receipt':true}")
        called("send", "{'to':'cleo','data':null,'id':'id3','receipt':true}")
        ack(first, refusal("inbox_full", retryable = true))
        called("send", "{'to':'ben','data':null,'id':'id2','receipt':true}")
        assertEquals(listOf(listOf("inbox_full"), emptyList(), emptyList()), recorded.map { it.outcomes })
    }

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

    /** The log is read after an offset; what is there. */
    private fun page(after: Int, offsets: IntRange, limit: Int, isMore: Boolean = false) {
        val id = called("history", "{'room':'r','after':${at(after)},'limit':$limit}")
        val last = at(offsets.last)
        ack(id, "{'ok':true,'messages':${offsets.map { message(it) }},'more':$isMore,'position':$last}")
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
        RoomsJava.join(rooms.room("r"), dev.crossroom.Position("e", 0), recorded)
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
    fun `goes back to the since of a join while joined, whatever waits`() {
        val rooms = rooms()
        val room = rooms.room("r")
        val flow = room.messages()
        rooms.joinedAt(0)
        for (offset in 1..5) event("message", message(offset))
        assertEquals(listOf("1", "2", "3", "over"), collected(flow.take(3)) { "${it.position.offset}" })
        assertEquals(3L, room.position?.offset)
        val recorded = RecordingCallback<Joined>()
        RoomsJava.join(room, dev.crossroom.Position("e", 1), recorded)
        val missed = (2..5).map { message(it) }
        ack(called("join", "{'room':'r','since':${at(1)}}"), joined(5, ",'recovered':true,'messages':$missed"))
        assertEquals("ok: Joined(recovered=true, position=Position(epoch=e, offset=5), history=null)", recorded.outcomes.single())
        assertEquals(listOf("2", "3", "4", "5"), collected(flow) { "${it.position.offset}" })
    }

    private fun Rooms.join(history: Int, since: dev.crossroom.Position? = null): RecordingCallback<Joined> =
        RecordingCallback<Joined>().also { RoomsJava.join(room("r"), since, history, it) }

    private fun RecordingCallback<Joined>.past(): String? = result?.history?.let { "${it.messages.map { message -> message.position.offset }} ${it.more}" }

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
        val joined = rooms.join(4, dev.crossroom.Position("e", 0))
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

    @Test
    fun `fails the largest message under way after three connections closed with 1009, and the session lives`() {
        val rooms = rooms()
        welcome()
        val recorded = listOf("x".repeat(500), "y").map { text ->
            RecordingCallback<Sent>().also { RoomsJava.send(rooms, text.take(1), Value.Text(text), false, it) }
        }
        repeat(3) {
            repeat(2) { server.next() }
            server.close(1009)
            environment.pass(5_000)
            welcome()
        }
        ack(called("send", "{'to':'y','data':'y','id':'id2'}"), "{'ok':true,'id':'id2','at':1}")
        assertEquals(listOf("message_too_large", "ok: Sent(id=id2, at=1)"), recorded.flatMap { it.outcomes })
        assertNull(server.nextOrNull())
    }

    @Test
    fun `fails at once what the server would not take, and with its code what it refused`() {
        val rooms = rooms()
        server.open()
        server.next()
        server.connected()
        event("welcome", jsonOf("{'user':'ada','name':'A','sid':'s','device':'d','guest':false,'messageBytes':10}"))
        val recorded = List(3) { RecordingCallback<Sent>() }
        RoomsJava.send(rooms, "ben", Value.Text("x".repeat(20)), false, recorded[0])
        RoomsJava.send(rooms, "ben", Value.Null, false, recorded[1])
        val id = server.next()["id"]?.long
        RoomsJava.send(rooms, "ben", Value.Decimal(Double.NaN), false, recorded[2])
        assertEquals(listOf("message_too_large", "invalid_argument"), recorded[0].outcomes + recorded[2].outcomes)
        server.give(json("type" to "error", "code" to "too_deep", "message" to "m", "id" to id))
        assertEquals(listOf("too_deep"), recorded[1].outcomes)
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
    fun `flushes until all has its outcome, and says what has not`() {
        val rooms = rooms().joinedAt(0)
        val done = RecordingCallback<Int>()
        val late = RecordingCallback<Int>()
        rooms.publish(1, "a")
        rooms.publish(2, "b")
        RoomsJava.flush(rooms, 1_000, late)
        RoomsJava.flush(rooms, 60_000, done)
        environment.pass(1_000)
        assertEquals(listOf("ok: 2"), late.outcomes)
        for ((offset, id) in listOf("a", "b").withIndex()) {
            ack(called("publish", "{'room':'r','data':${offset + 1},'id':'$id'}"), "{'ok':true,'id':'$id','position':${at(offset)},'at':5}")
        }
        assertTrue(done.outcomes.isEmpty())
        environment.pass(10)
        assertEquals(listOf("ok: 0"), done.outcomes)
        val publish = rooms.publish(3, "c")
        val closed = RecordingCallback<Int>()
        RoomsJava.close(rooms, 500, closed)
        environment.pass(500)
        assertEquals(listOf("ok: 1", "closed"), closed.outcomes + publish.outcomes)
        assertTrue(dialer.isClosed && environment.isClosed)
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
        val recorded = List(3_000) { RecordingCallback<Published>().also { RoomsJava.publish(rooms.room("r"), Value.Decimal(Double.NaN), null, it) } }
        welcome()
        assertTrue(recorded.all { it.outcomes == listOf("invalid_argument") })
    }

    @Test
    fun `bounds the readings that wait`() {
        val room = rooms { maxPending = 1 }.room("r")
        val recorded = List(2) { RecordingCallback<History>().also { RoomsJava.history(room, null, null, null, it) } }
        assertEquals(listOf(emptyList(), listOf("too_many_pending")), recorded.map { it.outcomes })
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
