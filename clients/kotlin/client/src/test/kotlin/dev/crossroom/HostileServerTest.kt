package dev.crossroom

import dev.crossroom.bridge.Bridge
import dev.crossroom.bridge.NamespaceEvent
import dev.crossroom.rooms.Rooms
import dev.crossroom.rooms.RoomsJava
import dev.crossroom.support.FakeDialer
import dev.crossroom.support.FakeEnvironment
import dev.crossroom.support.FakeSocket
import dev.crossroom.support.RecordingCallback
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import java.io.File

/** What a broken or hostile server may send, of test/vectors/hostile-server.json: its script says what is played, and what must follow. */
class HostileServerTest {
    private val vectors = JsonText.parse(File("../../../test/vectors/hostile-server.json").readText()) ?: error("no vectors")

    @TestFactory
    fun `ends and breaks nothing`(): List<DynamicTest> =
        vectors["vectors"]?.list.orEmpty().map { vector ->
            dynamicTest(vector["name"]?.text) { withoutFaults { if (vector["layer"]?.text == "bridge") playBridge(vector) else playRooms(vector) } }
        }

    /** Nothing is thrown: not to whoever gives a frame, and not to the handler of uncaught exceptions either. */
    private fun withoutFaults(play: () -> Unit) {
        val thread = Thread.currentThread()
        val before = thread.uncaughtExceptionHandler
        val faults = ArrayList<Throwable>()
        thread.setUncaughtExceptionHandler { _, thrown -> faults.add(thrown) }
        try {
            play()
        } finally {
            thread.uncaughtExceptionHandler = before
        }
        assertEquals(emptyList<Throwable>(), faults)
    }

    /** The texts of a vector's frames; null for a binary message. */
    private fun texts(vector: Value, id: Long?): List<String?> =
        vector["frames"]?.list.orEmpty().flatMap { frame ->
            when {
                frame["binary"] != null -> listOf(null)
                frame["text"] != null -> List(frame["times"]?.long?.toInt() ?: 1) { frame["text"]?.text }
                frame.list != null -> listOf(frame.list.orEmpty().joinToString("", transform = ::part))
                else -> listOf(frame.text)
            }
        }.map { it?.replace("\$id", "$id") }

    private fun part(part: Value): String = part.text ?: part["repeat"]?.text.orEmpty().repeat(part["times"]?.long?.toInt() ?: 1)

    private fun FakeSocket.play(vector: Value, id: Long? = null) = texts(vector, id).forEach(::giveText)

    private fun FakeSocket.giveGood(name: String) = giveText(vectors[name].toString())

    private fun FakeSocket.giveThen(name: String) = giveText(vectors["then"]?.get(name).toString())

    private fun playBridge(vector: Value) {
        val environment = FakeEnvironment()
        val dialer = FakeDialer()
        val bridge = Bridge("http://host", BridgeOptions(), environment) { dialer }
        val namespace = bridge.namespace()
        val got = ArrayList<String>()
        namespace.listen { if (it is NamespaceEvent.Message) got.add(it.name) }
        val connected = RecordingCallback<String>().also(namespace::connect)
        val server = dialer.last
        server.open()
        server.next()
        val called = RecordingCallback<List<Value>>()
        if (vector["at"]?.text == "connect") {
            server.play(vector)
        } else {
            server.giveGood("connected")
            if (vector["at"]?.text == "call") namespace.call("ask", emptyList(), 1_000, called)
            server.play(vector, server.nextOrNull()?.get("id")?.long)
        }
        when (val then = vector["then"]?.text) {
            "event" -> {
                environment.pass(1_000)
                server.giveThen("event")
                assertEquals("after", got.last())
                if (vector["at"]?.text == "call") assertEquals(listOf("timeout"), called.outcomes)
            }
            "connected" -> {
                server.giveGood("connected")
                assertEquals(listOf("ok: s"), connected.outcomes)
            }
            "refused" -> assertEquals(listOf("connect_error"), connected.outcomes)
            "answered" -> assertEquals(1, called.outcomes.count { it.startsWith("ok") })
            "failed" -> assertEquals(listOf(JsonText.parse(texts(vector, 0).single().orEmpty())?.get("code")?.text), called.outcomes)
            "nothing" -> Unit
            else -> error("no such outcome: $then")
        }
        bridge.close()
        assertEquals(true, environment.isClosed)
    }

    private fun playRooms(vector: Value) {
        val player = RoomsPlayer(vector)
        try {
            player.play()
            player.rooms.close()
            assertEquals(true, player.environment.isClosed)
        } finally {
            player.scope.cancel()
        }
    }

    /** A client of the rooms layer, and the server that plays one vector to it. */
    private inner class RoomsPlayer(private val vector: Value) {
        val environment = FakeEnvironment()
        val scope = CoroutineScope(Dispatchers.Unconfined)
        private val dialer = FakeDialer()
        val rooms = Rooms("http://host", RoomsOptions().apply { device = "d" }, environment) { dialer }
        private val room = rooms.room("r")
        private val server get() = dialer.last
        private val at = vector["at"]?.text ?: error("no place")
        private val then = vector["then"]?.text ?: error("no outcome")
        private val messages = ArrayList<String>()
        private val items = ArrayList<String>()
        private val ends = ArrayList<String>()
        private var isPlayed = false

        fun play() {
            RoomsJava.listen(room) { if (it is RoomEvent.Message) messages.add(it.message.id) }
            RoomsJava.listen(rooms) { if (it is RoomsEvent.Ended) ends.add(it.error.code.value) }
            val ready = RecordingCallback<Self>().also { RoomsJava.ready(rooms, it) }
            server.open()
            server.next()
            if (at == "connect") {
                server.play(vector)
                return assertEquals(1, ends.size)
            }
            server.giveGood("connected")
            if (at == "welcome") {
                server.play(vector)
                server.giveGood("welcome")
                assertEquals("ok", ready.outcomes.single().substringBefore(':'))
                return assertNotNull(rooms.self)
            }
            server.giveGood("welcome")
            if (at != "join") call(::join)
            if (at == "joined" || at == "inbox_ack") call(::openInbox)
            if (at == "joined") playToMember() else playToCaller()
        }

        private fun playToMember() {
            server.play(vector)
            answer()
            server.giveThen(if (then == "item") "item" else "message")
            answer()
            assertEquals(listOf("good"), if (then == "item") items else messages)
        }

        private fun playToCaller() {
            if (at == "inbox_ack") {
                server.giveThen("item")
                return answer()
            }
            val outcome = call(callOf(at))
            if (then == "bad_answer") {
                assertEquals("bad_answer", outcome)
                assertEquals("ok", call(callOf(at)))
            }
        }

        private fun callOf(name: String): (RecordingCallback<Any?>) -> Unit =
            when (name) {
                "join" -> ::join
                "leave" -> { recorded -> RoomsJava.leave(room, recorded) }
                "publish" -> { recorded -> RoomsJava.publish(room, Value.Null, "p", recorded) }
                "send" -> { recorded -> RoomsJava.send(rooms, "ben", Value.Null, false, recorded) }
                "history" -> { recorded -> RoomsJava.history(room, null, null, null, recorded) }
                "inbox" -> ::openInbox
                else -> error("no such call: $name")
            }

        private fun join(recorded: RecordingCallback<Any?>) {
            RoomsJava.join(room, null, recorded)
        }

        private fun openInbox(recorded: RecordingCallback<Any?>) {
            scope.launch {
                try {
                    recorded.onSuccess(rooms.inbox.process { items.add(it.id) })
                } catch (error: CrossroomException) {
                    recorded.onFailure(error)
                }
            }
        }

        /** Makes a call, and has it answered: "ok", or the code it failed with; "" where it waits. */
        private fun call(make: (RecordingCallback<Any?>) -> Unit): String {
            val recorded = RecordingCallback<Any?>()
            make(recorded)
            answer()
            return recorded.outcomes.singleOrNull()?.substringBefore(':').orEmpty()
        }

        /** Answers what was called: with the vector the first time that it is asked for, and else as a good server does. */
        private fun answer() {
            while (true) {
                val frame = server.nextOrNull() ?: return
                val id = frame["id"]?.long ?: continue
                val name = frame["event"]?.text.orEmpty()
                if (name == at && !isPlayed) {
                    isPlayed = true
                    server.play(vector, id)
                } else {
                    val answer = vectors["answers"]?.get(name) ?: error("no answer to $name")
                    server.giveText(json("type" to "ack", "id" to id, "args" to listOf(answer)).toString())
                }
            }
        }
    }
}
