package dev.crossroom.rooms

import dev.crossroom.Joined
import dev.crossroom.Position
import dev.crossroom.Published
import dev.crossroom.RoomEvent
import dev.crossroom.RoomsEvent
import dev.crossroom.RoomsOptions
import dev.crossroom.Value
import dev.crossroom.json
import dev.crossroom.support.ClientTestCase
import dev.crossroom.support.FakeSocket
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import org.junit.jupiter.api.Assertions.assertEquals

/** The rooms layer. */
internal abstract class RoomsTestCase : ClientTestCase() {
    protected val server: FakeSocket get() = dialer.last

    protected fun rooms(configure: RoomsOptions.() -> Unit = {}): Rooms {
        val options = RoomsOptions()
        options.reconnect.jitter = 0.0
        options.device = "d"
        options.configure()
        return Rooms("http://host", options, environment) { dialer }
    }

    /** Opens the connection; the `auth` that was shown. */
    protected fun welcome(user: String = "ada", token: String? = null): Value? {
        server.open()
        val auth = server.next()["auth"]
        server.connected()
        val who = json("user" to user, "name" to user, "sid" to "s", "device" to "d", "guest" to (token != null))
        event("welcome", if (token == null) who else json(*who.fields.toList().toTypedArray(), "token" to token))
        return auth
    }

    protected fun event(name: String, argument: Value) = server.give(json("type" to "event", "event" to name, "args" to listOf(argument)))

    /** The next call is this; its id. */
    protected fun called(name: String, argument: String): Long {
        val frame = server.next()
        assertEquals(name, frame["event"]?.text)
        assertEquals(jsonOf(argument), frame["args"]?.get(0))
        return frame["id"]?.long ?: -1
    }

    protected fun ack(id: Long, answer: String) = server.give(json("type" to "ack", "id" to id, "args" to listOf(jsonOf(answer))))

    protected fun at(offset: Int) = "{'epoch':'e','offset':$offset}"

    protected fun joined(offset: Int, more: String = "") = "{'ok':true,'room':'r','position':${at(offset)},'members':[],'count':0$more}"

    protected fun message(offset: Int, id: String = "m$offset", user: String = "ben") =
        jsonOf(
            "{'room':'r','id':'$id','position':${at(offset)}," +
                "'from':{'user':'$user','name':'B','sid':'s2','transport':'bridge'},'data':$offset,'at':1}",
        )

    protected fun refusal(code: String, retryable: Boolean = false) = "{'ok':false,'error':{'code':'$code','message':'m','retryable':$retryable}}"

    protected fun Rooms.sessionEvents(): List<String> =
        collected(events()) {
            when (it) {
                is RoomsEvent.Connected -> "connected"
                is RoomsEvent.Disconnected -> "disconnected"
                is RoomsEvent.Ended -> "ended: ${it.error.code}"
                is RoomsEvent.Warning -> "warning: ${it.error.code}"
                else -> null
            }
        }

    protected fun Rooms.roomEvents(): List<String> = collected(room("r").events(), ::word)

    protected fun word(event: RoomEvent): String? =
        when (event) {
            is RoomEvent.Message -> "${event.message.position.offset}"
            is RoomEvent.Entered -> (if (event.joined.recovered) "joined " else "lost, joined ") + event.joined.position.offset
            is RoomEvent.Left -> "left: ${event.error.code}"
            is RoomEvent.Signalled -> "signal ${event.signal.data}"
            else -> null
        }

    protected fun Rooms.joinedAt(offset: Int): Rooms {
        RoomsJava.join(room("r"), null, RecordingCallback())
        welcome()
        ack(called("join", "{'room':'r'}"), joined(offset))
        return this
    }

    protected fun reconnect() {
        server.close(4501)
        environment.pass(5_000) // the longest delay
        welcome()
    }

    protected fun Rooms.publish(n: Int, id: String? = null): RecordingCallback<Published> =
        RecordingCallback<Published>().also { RoomsJava.publish(room("r"), Value.Integer(n.toLong()), id, it) }

    /** The log is read after an offset; what is there. */
    protected fun page(after: Int, offsets: IntRange, limit: Int, isMore: Boolean = false) {
        val id = called("history", "{'room':'r','after':${at(after)},'limit':$limit}")
        val last = at(offsets.last)
        ack(id, "{'ok':true,'messages':${offsets.map { message(it) }},'more':$isMore,'position':$last}")
    }

    protected fun Rooms.join(history: Int, since: Position? = null): RecordingCallback<Joined> =
        RecordingCallback<Joined>().also { RoomsJava.join(room("r"), since, history, it) }

    protected fun RecordingCallback<Joined>.past(): String? =
        result?.history?.let { page -> "${page.messages.map { it.position.offset }} ${page.more}" }
}
