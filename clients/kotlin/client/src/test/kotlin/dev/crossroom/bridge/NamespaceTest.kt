package dev.crossroom.bridge

import dev.crossroom.CrossroomException
import dev.crossroom.Value
import dev.crossroom.callback
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Events and calls of a namespace, in both directions. */
internal class NamespaceTest : BridgeTestCase() {
    @Test
    fun `keeps events in order until it is connected, and refuses one too many to its caller`() {
        val namespace = bridge { maxBufferedEvents = 2 }.namespace("/")
        val recorded = List(3) { RecordingCallback<Unit>().also { recorded -> namespace.emit("e$it", emptyList(), recorded) } }
        assertEquals(listOf("ok: kotlin.Unit", "ok: kotlin.Unit", "buffer_full"), recorded.map { it.outcomes.single() })
        namespace.connect(RecordingCallback())
        dialer.last.accept()
        assertEquals(listOf("e0", "e1"), List(2) { dialer.last.next()["event"]?.text })
        assertNull(dialer.last.nextOrNull())
    }

    @Test
    fun `refuses bytes beyond what may be buffered`() {
        val namespace = bridge { maxBufferedBytes = 100 }.namespace("/")
        val recorded = RecordingCallback<Unit>()
        namespace.emit("x", listOf(Value.Text("ü".repeat(50))), recorded)
        assertEquals(listOf("buffer_full"), recorded.outcomes)
    }

    @Test
    fun `sends nothing that would end the connection, or that the network does not take`() {
        val namespace = connected()
        val large = RecordingCallback<Unit>().also { namespace.emit("x", listOf(Value.Text("y".repeat(1_000))), it) }
        val reserved = RecordingCallback<Unit>().also { namespace.emit("disconnect", emptyList(), it) }
        dialer.last.queuedBytes = 6_000
        val slow = RecordingCallback<List<Value>>().also { namespace.call("x", emptyList(), 1_000, it) }
        assertEquals(
            listOf("payload_too_large", "reserved_event", "buffer_full"),
            (large.outcomes + reserved.outcomes + slow.outcomes),
        )
        assertNull(dialer.last.nextOrNull())
    }

    @Test
    fun `a call ends with its ack, and a late one is ignored`() {
        val namespace = connected()
        val recorded = RecordingCallback<List<Value>>().also { namespace.call("x", listOf(Value.Integer(1)), 1_000, it) }
        assertEquals(jsonOf("{'type':'event','event':'x','args':[1],'id':0}"), dialer.last.next())
        repeat(2) { dialer.last.give("{'type':'ack','id':0,'args':['yes']}") }
        assertEquals(listOf("""ok: ["yes"]"""), recorded.outcomes)
    }

    @Test
    fun `a call ends with a timeout, and leaves no more if it still waited`() {
        val namespace = bridge().namespace("/")
        val recorded = RecordingCallback<List<Value>>().also { namespace.call("x", emptyList(), 500, it) }
        namespace.connect(RecordingCallback())
        environment.pass(500)
        assertEquals(listOf("timeout"), recorded.outcomes)
        dialer.last.accept()
        assertNull(dialer.last.nextOrNull())
    }

    @Test
    fun `a call that had left ends with the connection, and one that waits does not`() {
        val namespace = connected()
        val left = RecordingCallback<List<Value>>().also { namespace.call("a", emptyList(), 60_000, it) }
        dialer.last.close(4501)
        val waits = RecordingCallback<List<Value>>().also { namespace.call("b", emptyList(), 60_000, it) }
        assertEquals(listOf("disconnected"), left.outcomes)
        environment.pass(1_000)
        dialer.last.accept()
        assertEquals("b", dialer.last.next()["event"]?.text)
        assertTrue(waits.outcomes.isEmpty())
    }

    @Test
    fun `a call ends with the code of an error frame`() {
        val namespace = connected()
        val recorded = RecordingCallback<List<Value>>().also { namespace.call("x", emptyList(), 1_000, it) }
        dialer.last.give("{'type':'error','code':'brand_new','message':'m','id':0}")
        assertEquals(listOf("brand_new"), recorded.outcomes)
        assertEquals(listOf("brand_new"), warnings)
    }

    @Test
    fun `a cancelled call leaves nothing behind`() {
        val namespace = bridge().namespace("/")
        val recorded = RecordingCallback<List<Value>>()
        namespace.call("x", emptyList(), 1_000, recorded).cancel()
        namespace.connect(RecordingCallback())
        dialer.last.accept()
        environment.pass(2_000)
        assertNull(dialer.last.nextOrNull())
        assertTrue(recorded.outcomes.isEmpty())
    }

    @Test
    fun `answers an event once, and only on its connection`() {
        val bridge = bridge()
        val messages = ArrayList<NamespaceEvent.Message>()
        scope.launch { bridge.namespace("/").events.collect { if (it is NamespaceEvent.Message) messages.add(it) } }
        connected(bridge)
        dialer.last.give("{'type':'event','event':'q','args':[],'id':7}")
        dialer.last.give("{'type':'event','event':'q','args':[],'id':8}")
        scope.launch { repeat(2) { messages[0].answer(Value.Integer(1)) } }
        assertEquals(jsonOf("{'type':'ack','id':7,'args':[1]}"), dialer.last.next())
        dialer.last.close(4501)
        environment.pass(1_000)
        dialer.last.accept()
        scope.launch { messages[1].answer() }
        assertNull(dialer.last.nextOrNull())
    }

    @Test
    fun `keeps events for a collector that comes later, in order`() {
        val bridge = bridge()
        connected(bridge)
        for (n in 1..3) dialer.last.give("{'type':'event','event':'n','args':[$n]}")
        assertEquals(listOf("connected", "n [1]", "n [2]", "n [3]"), collected(bridge))
    }

    @Test
    fun `says what it cannot use, and goes on`() {
        val bridge = bridge()
        connected(bridge)
        dialer.last.give("nonsense")
        dialer.last.give("{'type':'new'}")
        dialer.last.give("{'type':'event','event':'n','args':[]}")
        assertEquals(listOf("malformed_frame", "unknown_frame"), warnings)
        assertEquals(listOf("connected", "n []"), collected(bridge))
    }

    @Test
    fun `keeps any number of events, where it may`() {
        val bridge = bridge { maxUntakenEvents = Int.MAX_VALUE }
        connected(bridge)
        repeat(1_000) { dialer.last.give("{'type':'event','event':'n','args':[$it]}") }
        assertEquals(listOf("connected") + List(1_000) { "n [$it]" }, collected(bridge))
    }

    @Test
    fun `keeps its messages before changes of state, where nobody collects for ages`() {
        val bridge = bridge { maxUntakenEvents = 1 }
        connected(bridge)
        repeat(100) {
            dialer.last.close(4501)
            environment.pass(5_000)
            dialer.last.accept()
        }
        dialer.last.give("{'type':'event','event':'n','args':[]}")
        assertEquals("n []", collected(bridge).last())
        assertTrue("too_slow" in warnings)
    }

    @Test
    fun `loses nothing of what it has taken where the network is slow, and keeps the order`() {
        val namespace = bridge().namespace("/")
        for (name in listOf("a", "b")) namespace.emit(name, emptyList(), RecordingCallback())
        namespace.listen { if (it is NamespaceEvent.Connected) namespace.emit("c", emptyList(), RecordingCallback()) }
        namespace.connect(RecordingCallback())
        dialer.last.open()
        dialer.last.queuedBytes = 6_000
        assertEquals("connect", dialer.last.next()["type"]?.text)
        dialer.last.connected()
        assertNull(dialer.last.nextOrNull())
        environment.pass(1_000)
        assertNull(dialer.last.nextOrNull())
        dialer.last.queuedBytes = 0
        environment.pass(50)
        assertEquals(listOf("a", "b", "c"), List(3) { dialer.last.next()["event"]?.text })
        namespace.emit("d", emptyList(), RecordingCallback())
        assertEquals("d", dialer.last.next()["event"]?.text)
        assertEquals(emptyList<String>(), warnings)
    }

    @Test
    fun `tells of the lost connection before the calls that it has cost`() {
        val namespace = bridge().namespace("/")
        val recorded = ArrayList<String>()
        namespace.listen { if (it is NamespaceEvent.Disconnected) recorded.add("disconnected") }
        namespace.connect(RecordingCallback())
        dialer.last.accept()
        namespace.call("x", emptyList(), 1_000, callback({}, { recorded.add("call: ${it.code}") }))
        dialer.last.close(4501)
        assertEquals(listOf("disconnected", "call: disconnected"), recorded)
    }

    @Test
    fun `takes the largest message to be the present server's`() {
        val namespace = connected()
        dialer.last.close(4501)
        val recorded = RecordingCallback<Unit>().also { namespace.emit("x", listOf(Value.Text("y".repeat(1_000))), it) }
        assertEquals(listOf("ok: kotlin.Unit"), recorded.outcomes)
        environment.pass(1_000)
        dialer.last.accept()
        assertNull(dialer.last.nextOrNull())
        assertEquals(listOf("payload_too_large"), warnings)
    }

    @Test
    fun `is of no use for a second collector at a time`() {
        val bridge = bridge()
        collected(bridge)
        var code: String? = null
        scope.launch {
            try {
                bridge.namespace("/").events.collect {}
            } catch (error: CrossroomException) {
                code = error.code.value
            }
        }
        assertEquals("in_use", code)
    }
}
