package dev.crossroom.bridge

import dev.crossroom.TransportKind
import dev.crossroom.Value
import dev.crossroom.callback
import dev.crossroom.rooms.Rooms
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** The connection below the namespaces, from its options to its end. */
internal class BridgeTest : BridgeTestCase() {
    @Test
    fun `asks for a sign of life, and gives up a connection that shows none`() {
        connected()
        environment.pass(25_000)
        assertEquals(jsonOf("{'type':'ping'}"), dialer.last.next())
        environment.pass(19_999)
        assertNull(dialer.last.hungUp)
        environment.pass(1)
        assertEquals(true, dialer.last.hungUp)
        environment.pass(1_000)
        assertEquals(2, dialer.sockets.size)
    }

    @Test
    fun `tells what it goes over, and nothing while there is no connection`() {
        val bridge = bridge()
        val told = ArrayList<TransportKind?>()
        scope.launch { bridge.transport.collect(told::add) }
        bridge.namespace("/").connect(RecordingCallback())
        dialer.last.kind = TransportKind.SSE
        dialer.last.accept()
        dialer.last.become(TransportKind.POLLING)
        dialer.last.close(4501)
        environment.pass(1_000)
        dialer.last.accept()
        bridge.close()
        assertEquals(listOf(null, TransportKind.SSE, TransportKind.POLLING, null, TransportKind.WEBSOCKET, null), told)
    }

    @Test
    fun `leaves it to a transport over HTTP to find out whether it lives`() {
        val bridge = bridge()
        bridge.namespace("/").connect(RecordingCallback())
        dialer.last.kind = TransportKind.SSE
        dialer.last.accept()
        environment.pass(600_000)
        bridge.networkChanged()
        environment.pass(600_000)
        assertNull(dialer.last.nextOrNull())
        assertNull(dialer.last.hungUp)
        assertEquals(1, dialer.last.networkChanges)
    }

    @Test
    fun `a status that forbids to come back is final for an open connection too`() {
        val bridge = bridge()
        val recorded = collected(bridge)
        connected(bridge)
        dialer.last.fail(500)
        environment.pass(1_000)
        dialer.last.accept()
        dialer.last.fail(401)
        environment.pass(60_000)
        assertEquals(listOf("connected", "disconnected null false", "connected", "disconnected null true"), recorded)
        assertEquals(2, dialer.sockets.size)
    }

    @Test
    fun `is closed in the background, and connected again at once in the foreground`() {
        val bridge = bridge()
        val recorded = collected(bridge)
        connected(bridge)
        bridge.background()
        environment.pass(60_000)
        assertEquals(1, dialer.sockets.size)
        bridge.foreground()
        dialer.last.accept()
        assertEquals(listOf("connected", "disconnected null false", "connected"), recorded)
    }

    @Test
    fun `leaves nothing after close, whatever it was doing`() {
        val bridge = bridge()
        val recorded = collected(bridge)
        val namespace = connected(bridge)
        val call = RecordingCallback<List<Value>>().also { namespace.call("x", emptyList(), 1_000, it) }
        val other = RecordingCallback<String>().also { bridge.namespace("/b").connect(it) }
        repeat(2) { bridge.close() }
        val later = RecordingCallback<String>().also { namespace.connect(it) }
        assertEquals(listOf("closed", "closed", "closed"), call.outcomes + other.outcomes + later.outcomes)
        assertEquals(listOf("connected", "disconnected null true", "over"), recorded)
        assertTrue(dialer.isClosed && environment.isClosed && environment.running == 0)
    }

    @Test
    fun `is not broken by what the application's functions throw`() {
        val thrown =
            thrown {
                val bridge =
                    bridge {
                        maxUntakenEvents = 1
                        onWarning = { throw AssertionError("warning") }
                    }
                val namespace = bridge.namespace("/")
                val seen = ArrayList<NamespaceEvent>()
                namespace.listen {
                    seen.add(it)
                    throw AssertionError("listener")
                }
                namespace.emit("waiting", emptyList(), RecordingCallback())
                namespace.connect(
                    callback({ error("connect") }, {}),
                )
                val recorded = RecordingCallback<String>().also { namespace.connect(it) }
                dialer.last.accept()
                assertEquals("waiting", dialer.last.next()["event"]?.text)
                assertEquals(listOf("ok: s"), recorded.outcomes)
                dialer.last.give("nonsense")
                // More than may be untaken: each gives its place back.
                repeat(3) { dialer.last.give("{'type':'event','event':'n','args':[]}") }
                assertEquals(4, seen.size)
                bridge.close()
            }
        assertEquals(listOf("listener", "connect", "warning", "listener", "listener", "listener", "listener"), thrown)
    }

    @Test
    fun `refuses options that make no sense`() {
        assertThrows<IllegalArgumentException> { bridge { maxUntakenEvents = 0 } }
        assertThrows<IllegalArgumentException> { bridge { maxBufferedEvents = -1 } }
        assertThrows<IllegalArgumentException> { bridge { reconnect.jitter = Double.NaN } }
        assertThrows<IllegalArgumentException> { bridge { reconnect.minDelayMillis = -1 } }
        assertThrows<IllegalArgumentException> { Rooms("http://host") { maxLag = 0 } }
    }

    @Test
    fun `knows URLs of servers`() {
        assertEquals("https://h/bridge", endpoint("https://h/", "/bridge"))
        assertEquals("ws://[::1]:1/a/b?x=1&y=2", endpoint("ws://[::1]:1/a?x=1&y=2", "b"))
        assertThrows<IllegalArgumentException> { endpoint("ftp://h", "/bridge") }
        assertThrows<IllegalArgumentException> { endpoint("localhost:3000", "/bridge") }
        assertThrows<IllegalArgumentException> { bridge().namespace("admin") }
    }
}
