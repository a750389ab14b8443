package dev.crossroom.bridge

import dev.crossroom.BridgeOptions
import dev.crossroom.CrossroomException
import dev.crossroom.NoMoreCredentials
import dev.crossroom.json
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.cancel
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** How a namespace is connected, and connected again. */
internal class NamespaceConnectTest : BridgeTestCase() {
    @Test
    fun `connects with the credentials, and resolves when it is connected`() {
        val bridge = bridge { auth(json("token" to "t")) }
        val recorded = RecordingCallback<String>()
        bridge.namespace("/admin").connect(recorded)
        assertEquals("http://host:1/bridge?q=2", dialer.last.url)
        dialer.last.open()
        assertEquals(jsonOf("{'type':'connect','ns':'/admin','auth':{'token':'t'}}"), dialer.last.next())
        assertTrue(recorded.outcomes.isEmpty())
        dialer.last.connected("/admin")
        assertEquals(listOf("ok: s"), recorded.outcomes)
        assertEquals("s", bridge.namespace("/admin").sid)
    }

    @Test
    fun `fails where the server refuses the namespace, and closes the connection that nobody wants`() {
        val recorded = RecordingCallback<String>()
        bridge().namespace("/").connect(recorded)
        dialer.last.open()
        dialer.last.give("{'type':'connect_error','message':'no','data':{'why':1}}")
        assertEquals(listOf("connect_error"), recorded.outcomes)
        assertEquals(json("why" to 1), recorded.error?.data)
        assertEquals(false, dialer.last.hungUp)
        environment.pass(60_000)
        assertEquals(1, dialer.sockets.size)
    }

    @Test
    fun `fails where the upgrade is refused for good, and not before`() {
        val recorded = RecordingCallback<String>()
        bridge().namespace("/").connect(recorded)
        for (status in listOf(null, 429, 503)) {
            dialer.last.fail(status)
            assertTrue(recorded.outcomes.isEmpty(), "$status")
            environment.pass(5_000)
        }
        assertEquals(4, dialer.sockets.size)
        dialer.last.fail(401)
        assertEquals(listOf("refused"), recorded.outcomes)
        assertEquals(401, recorded.error?.httpStatus)
        environment.pass(60_000)
        assertEquals(4, dialer.sockets.size)
    }

    @Test
    fun `asks for credentials and headers at every attempt, and again where that failed`() {
        var asked = 0
        val bridge =
            bridge {
                auth { if (++asked == 1) error("not yet") else json("n" to asked) }
                headers { mapOf("X-N" to "$asked") }
            }
        bridge.namespace("/").connect(RecordingCallback())
        dialer.last.open()
        assertNull(dialer.last.nextOrNull())
        environment.pass(1_000)
        assertEquals(json("n" to 2), dialer.last.next()["auth"])
        dialer.last.connected()
        dialer.last.close(4501)
        environment.pass(1_000)
        assertEquals("2", dialer.last.headers["X-N"])
        dialer.last.open()
        assertEquals(json("n" to 3), dialer.last.next()["auth"])
        assertEquals(listOf("failed"), warnings)
    }

    @Test
    fun `gives up where there are no more credentials`() {
        val recorded = RecordingCallback<String>()
        bridge { auth { throw NoMoreCredentials("signed out") } }.namespace("/").connect(recorded)
        dialer.last.open()
        assertEquals(listOf("unauthorized"), recorded.outcomes)
        assertEquals(false, dialer.last.hungUp)
    }

    @Test
    fun `comes back by itself after a close that allows it, and stays away after one that does not`() {
        val bridge = bridge()
        val recorded = collected(bridge)
        connected(bridge)
        dialer.last.close(4503)
        environment.pass(1_000)
        dialer.last.accept()
        dialer.last.close(4409)
        environment.pass(60_000)
        assertEquals(listOf("connected", "disconnected 4503 false", "connected", "disconnected 4409 true"), recorded)
        assertEquals(2, dialer.sockets.size)
    }

    @Test
    fun `does not come back to a namespace that the server has ended, but to the others`() {
        val bridge = bridge()
        connected(bridge)
        bridge.namespace("/b").connect(RecordingCallback())
        dialer.last.next()
        dialer.last.connected("/b")
        dialer.last.give("{'type':'disconnect'}")
        assertFalse(bridge.namespace("/").isConnected)
        dialer.last.close(4501)
        environment.pass(1_000)
        dialer.last.open()
        assertEquals("/b", dialer.last.next()["ns"]?.text)
        assertNull(dialer.last.nextOrNull())
    }

    @Test
    fun `gives back the last session, so that the server can recover it`() {
        val bridge = bridge()
        bridge.namespace("/").connect(RecordingCallback())
        dialer.last.open()
        dialer.last.next()
        dialer.last.give(
            "{'type':'connected','sid':'s','pid':'p','recovered':false,'pingInterval':25000,'pingTimeout':20000,'maxPayload':1000}",
        )
        dialer.last.give("{'type':'event','event':'n','args':[],'offset':'o'}")
        dialer.last.close(4501)
        environment.pass(1_000)
        dialer.last.open()
        assertEquals(jsonOf("{'type':'connect','pid':'p','offset':'o'}"), dialer.last.next())
    }

    @Test
    fun `takes an answer to an old question for what it is`() {
        val namespace = bridge().namespace("/")
        namespace.connect(RecordingCallback())
        dialer.last.open()
        dialer.last.next()
        namespace.disconnect()
        val recorded = RecordingCallback<String>().also { namespace.connect(it) }
        if (dialer.sockets.size == 1) {
            dialer.last.connected()
            assertEquals("disconnect", dialer.last.next()["type"]?.text)
        } else {
            dialer.last.open()
        }
        assertEquals("connect", dialer.last.next()["type"]?.text)
        dialer.last.connected()
        assertEquals(listOf("ok: s"), recorded.outcomes)
    }

    @Test
    fun `gives up a connect that nobody waits for any more`() {
        val namespace = bridge().namespace("/")
        namespace.connect(RecordingCallback()).cancel()
        assertTrue(dialer.last.hungUp != null)
        environment.pass(60_000)
        assertEquals(1, dialer.sockets.size)
    }

    @Test
    fun `asks for credentials at once when the network has changed, or the application comes back`() {
        var asked = 0
        val bridge = bridge { auth { if (++asked < 3) error("no network") else json("n" to asked) } }
        bridge.namespace("/").connect(RecordingCallback())
        dialer.last.open()
        bridge.networkChanged()
        assertEquals("ping", dialer.last.next()["type"]?.text)
        assertEquals(2, asked)
        bridge.foreground()
        assertEquals(json("n" to 3), dialer.last.next()["auth"])
        environment.pass(4_000)
        assertEquals(3, asked)
    }

    @Test
    fun `fails where headers are none, as Java may give them`() {
        val recorded = RecordingCallback<String>()

        @Suppress("UNCHECKED_CAST")
        val bridge = Bridge("http://host:1", BridgeOptions().apply { headers(mapOf("a" to null) as Map<String, String>) })
        runBlocking {
            val error = assertThrows<CrossroomException> { withTimeout(10_000) { bridge.namespace("/").connect() } }
            recorded.onFailure(error)
            bridge.close()
            withTimeout(10_000) { bridge.awaitClosed() }
        }
        assertEquals(listOf("refused"), recorded.outcomes)
    }
}
