package dev.crossroom.bridge

import dev.crossroom.BridgeOptions
import dev.crossroom.Value
import dev.crossroom.support.FakeDialer
import dev.crossroom.support.FakeEnvironment
import dev.crossroom.support.FakeSocket
import dev.crossroom.support.RecordingCallback
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** A backlog on its way out: at the server's pace, in its order, and with nothing lost without a word. */
class BacklogRateTest {
    private val environment = FakeEnvironment()
    private val dialer = FakeDialer()
    private val bridge = Bridge("http://host", BridgeOptions().apply { reconnect.jitter = 0.0 }, environment) { dialer }
    private val namespace = bridge.namespace()
    private val server: FakeSocket get() = dialer.last

    private fun connect(): RecordingCallback<String> =
        RecordingCallback<String>().also {
            namespace.connect(it)
            server.open()
            server.next()
        }

    private fun connected(rate: String) =
        server.give("{'type':'connected','sid':'s','pingInterval':25000,'pingTimeout':20000,'maxPayload':1000,'rate':$rate}")

    private fun emit(numbers: IntRange): List<RecordingCallback<Unit>> =
        numbers.map { number -> RecordingCallback<Unit>().also { namespace.emit("n", listOf(Value.of(number)), it) } }

    /** The numbers that have left, and "disconnect". */
    private fun left(): List<Any?> =
        generateSequence { server.nextOrNull() }
            .map { if (it["type"]?.text == "event") it["args"]?.get(0)?.long?.toInt() else it["type"]?.text }
            .toList()

    @Test
    fun `leaves at nine tenths of the server's rate, in its order`() {
        emit(1..1_000)
        connect()
        connected("{'perSecond':10,'burst':100}")
        // The `connect` was a message too.
        assertEquals((1..89).toList<Any?>(), left())
        environment.pass(10_050)
        assertEquals((90..179).toList<Any?>(), left())
        emit(1_001..1_001)
        assertTrue(left().isEmpty())
        repeat(10) {
            server.give("{'type':'pong'}")
            environment.pass(10_000)
        }
        assertEquals((180..1_001).toList<Any?>(), left())
    }

    @Test
    fun `refuses what is beyond the buffer to its caller, and nothing else is lost`() {
        connect()
        connected("{'perSecond':500,'burst':1000}")
        val refused = emit(1..2_000).count { it.outcomes == listOf("buffer_full") }
        environment.pass(20_000)
        assertEquals((1..2_000 - refused).toList<Any?>(), left())
        assertEquals(2_000 - 899 - 1_000, refused)
    }

    @Test
    fun `leaves before the disconnect that came after it, and what is emitted later waits for the next connect`() {
        connect()
        connected("{'perSecond':10,'burst':10}")
        emit(1..20)
        namespace.disconnect()
        emit(21..21)
        environment.pass(5_000)
        assertEquals((1..20).toList<Any?>() + "disconnect", left())
        assertEquals(false, server.hungUp)
        assertNull(namespace.sid)
        connect()
        connected("{'perSecond':10,'burst':10}")
        assertEquals(listOf<Any?>(21), left())
    }

    @Test
    fun `connects again after a disconnect whose backlog is still on its way out`() {
        connect()
        connected("{'perSecond':10,'burst':10}")
        emit(1..20)
        namespace.disconnect()
        val again = RecordingCallback<String>().also(namespace::connect)
        environment.pass(3_000)
        assertEquals((1..20).toList<Any?>() + "disconnect" + "connect", left())
        assertTrue(again.outcomes.isEmpty())
        connected("{'perSecond':10,'burst':10}")
        assertEquals(listOf("ok: s"), again.outcomes)
        assertEquals(1, dialer.sockets.size)
    }

    @Test
    fun `is lost to nobody where the connection goes before the disconnect has left`() {
        connect()
        connected("{'perSecond':10,'burst':10}")
        emit(1..20)
        namespace.disconnect()
        server.close(4501)
        environment.pass(60_000)
        assertEquals(1, dialer.sockets.size)
        connect()
        connected("{'perSecond':10,'burst':100}")
        assertEquals((9..20).toList<Any?>(), left())
    }

    @Test
    fun `is flushed when all of it is handed over, and counted where it is not in time`() {
        connect()
        connected("{'perSecond':10,'burst':10}")
        emit(1..20)
        namespace.call("ask", emptyList(), 60_000, RecordingCallback())
        val late = RecordingCallback<Int>().also { bridge.flush(500, it) }
        val done = RecordingCallback<Int>().also { bridge.flush(60_000, it) }
        environment.pass(500)
        assertEquals(listOf("ok: 9"), late.outcomes)
        environment.pass(5_000)
        server.give("{'type':'ack','id':0,'args':[]}")
        environment.pass(10)
        assertEquals(listOf("ok: 0"), done.outcomes)
    }

    @Test
    fun `ends a flush with what is left when the bridge is closed`() {
        emit(1..3)
        val recorded = RecordingCallback<Int>().also { bridge.flush(60_000, it) }
        bridge.close()
        assertEquals(listOf("ok: 3"), recorded.outcomes)
    }
}
