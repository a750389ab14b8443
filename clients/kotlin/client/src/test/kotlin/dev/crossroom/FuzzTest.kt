package dev.crossroom

import dev.crossroom.rooms.Rooms
import dev.crossroom.rooms.RoomsJava
import dev.crossroom.support.FakeDialer
import dev.crossroom.support.FakeEnvironment
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.random.Random

/** All that the rooms layer reads, spoilt at random: nothing is thrown, and the client still ends as it should. */
class FuzzTest {
    private val position = "{'epoch':'e','offset':1}"
    private val from = "{'user':'ben','name':'B','sid':'b','transport':'bridge'}"
    private val message = "{'room':'r','id':'m','position':$position,'from':$from,'data':{'a':[1]},'at':5}"
    private val member = "{'user':'ben','name':'B','devices':[{'id':'x','sid':'b','transport':'bridge'}]}"
    private val welcome =
        jsonOf("{'user':'ada','name':'A','sid':'s','device':'d','guest':true,'token':'t','expiresAt':5,'messageBytes':65536}")
    private val answers =
        mapOf(
            "join" to
                "{'ok':true,'position':$position,'recovered':false,'messages':[$message],'members':[$member],'count':1,'history':{'messages':[$message],'more':true}}",
            "presence" to "{'ok':true,'room':'r','members':[$member],'count':2,'more':true}",
            "history" to "{'ok':true,'messages':[$message],'more':true,'position':$position}",
            "publish" to "{'ok':true,'id':'p','position':$position,'at':5,'duplicate':false}",
            "send" to "{'ok':false,'error':{'code':'rate_limited','message':'m','retryable':true,'retryAfter':100}}",
            "inbox" to "{'ok':true,'cursor':$position,'waiting':2,'known':true,'recovered':false}",
            "inbox_ack" to "{'ok':true,'cursor':$position}",
            "refresh" to "{'ok':true,'expiresAt':9}",
            "leave" to "{'ok':true}",
        ).mapValues { jsonOf(it.value) }
    private val events =
        listOf(
            "message" to message,
            "signal" to "{'room':'r','from':$from,'data':null,'at':5}",
            "presence" to "{'room':'r','count':2,'changes':[{'type':'join','member':$member},{'type':'update','member':$member,'gone':['y']}]}",
            "presence" to "{'room':'r','count':1,'changes':[{'type':'leave','member':{'user':'ada','name':'A','devices':[]}}]}",
            "presence" to "{'room':'r','count':1,'members':[$member]}",
            "presence" to "{'room':'r','count':300}",
            "inbox" to "{'type':'message','id':'i','position':{'epoch':'e','offset':2},'from':$from,'data':1,'at':5}",
            "inbox" to "{'type':'receipt','id':'i','position':{'epoch':'e','offset':3},'from':{'user':'ben'},'at':5}",
            "token_expiring" to "{'expiresAt':9}",
            "token_renewed" to "{'token':'t2'}",
            "device_taken" to "{'sid':'s2'}",
            "device_returned" to "{}",
            "session_end" to "{'error':{'code':'token_expired','message':'m','retryable':false}}",
        ).map { it.first to jsonOf(it.second) }

    private val junk =
        jsonOf("[null,7,-1,0.5,1e300,9223372036854775807,true,'','x',[],[null],{},{'ok':true},[[[[{}]]]]]").list.orEmpty()

    /** The value with some of what is in it replaced, taken away, or all of it something else. */
    private fun spoil(value: Value, random: Random): Value =
        when {
            random.nextInt(12) == 0 -> junk.random(random)
            value is Value.Object ->
                Value.Object(value.fields.filter { random.nextInt(20) > 0 }.mapValues { spoil(it.value, random) })
            value is Value.Array -> Value.Array(value.items.flatMap { item -> List(random.nextInt(3)) { spoil(item, random) } })
            else -> value
        }

    private fun play(seed: Int) {
        val random = Random(seed)
        val environment = FakeEnvironment()
        val dialer = FakeDialer()
        val scope = CoroutineScope(Dispatchers.Unconfined)
        val rooms = Rooms("http://host", RoomsOptions().apply { device = "d" }, environment) { dialer }
        val room = rooms.room("r")
        RoomsJava.join(room, null, 3, RecordingCallback())
        scope.launch {
            try {
                room.events().collect {}
            } catch (_: CrossroomException) {
                // The session's end, which a spoilt frame may say.
            }
        }
        scope.launch {
            try {
                rooms.inbox.process {}
            } catch (_: CrossroomException) {
                // The same.
            }
        }
        RoomsJava.publish(room, Value.Null, null, RecordingCallback())
        RoomsJava.listMembers(room, null, null, RecordingCallback())
        RoomsJava.send(rooms, "ben", Value.Null, false, RecordingCallback())
        repeat(30) {
            val server = dialer.last
            if (server.hungUp == null) {
                server.open()
                server.connected()
                if (random.nextInt(3) > 0) server.give(event("welcome", spoil(welcome, random)))
                if (random.nextBoolean()) server.give(event("welcome", welcome))
                repeat(5) {
                    answer(dialer, random)
                    val (name, value) = events.random(random)
                    server.give(event(name, spoil(value, random)))
                }
                if (random.nextInt(4) == 0) server.close(listOf(1000, 1009, 4000, 4501).random(random))
            }
            environment.pass(10_000)
        }
        rooms.close()
        assertEquals(true, environment.isClosed, "seed $seed")
        scope.cancel()
    }

    private fun event(name: String, value: Value) = json("type" to "event", "event" to name, "args" to listOf(value))

    private fun answer(dialer: FakeDialer, random: Random) {
        val server = dialer.last
        // A spoilt answer may have it asked again, without end.
        repeat(20) {
            val frame = server.nextOrNull() ?: return
            val id = frame["id"]?.long ?: return@repeat
            val answer = answers[frame["event"]?.text] ?: return@repeat
            server.give(json("type" to "ack", "id" to id, "args" to listOf(spoil(answer, random))))
        }
    }

    @Test
    fun `nothing that a server says is thrown at anybody`() {
        val thread = Thread.currentThread()
        val before = thread.uncaughtExceptionHandler
        val faults = ArrayList<String>()
        try {
            for (seed in 1..500) {
                thread.setUncaughtExceptionHandler { _, thrown -> faults.add("seed $seed: ${thrown.stackTraceToString()}") }
                play(seed)
            }
        } finally {
            thread.uncaughtExceptionHandler = before
        }
        assertEquals(emptyList<String>(), faults)
    }
}
