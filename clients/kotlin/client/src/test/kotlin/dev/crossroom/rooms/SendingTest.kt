package dev.crossroom.rooms

import dev.crossroom.History
import dev.crossroom.Published
import dev.crossroom.Sent
import dev.crossroom.Value
import dev.crossroom.json
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.take
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Publishes and sends, and readings of the log, which wait like them. */
internal class SendingTest : RoomsTestCase() {
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
        val recorded =
            listOf("ben", "ben", "cleo").map { to ->
                RecordingCallback<Sent>().also { RoomsJava.send(rooms, to, Value.Null, true, it) }
            }
        val first = called("send", "{'to':'ben','data':null,'id':'id1','receipt':true}")
        called("send", "{'to':'cleo','data':null,'id':'id3','receipt':true}")
        ack(first, refusal("inbox_full", retryable = true))
        called("send", "{'to':'ben','data':null,'id':'id2','receipt':true}")
        assertEquals(listOf(listOf("inbox_full"), emptyList(), emptyList()), recorded.map { it.outcomes })
    }

    @Test
    fun `fails the largest message under way after three connections closed with 1009, and the session lives`() {
        val rooms = rooms()
        welcome()
        val recorded =
            listOf("x".repeat(500), "y").map { text ->
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
}
