package dev.crossroom.bridge

import dev.crossroom.BridgeOptions
import dev.crossroom.CrossroomException
import dev.crossroom.NoMoreCredentials
import dev.crossroom.rooms.Rooms
import dev.crossroom.Value
import dev.crossroom.callback
import dev.crossroom.json
import dev.crossroom.support.FakeDialer
import dev.crossroom.support.FakeEnvironment
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** The bridge layer against a server of the test's, on a clock of the test's. */
class NamespaceTest {
    private val environment = FakeEnvironment()
    private val dialer = FakeDialer()
    private val scope = CoroutineScope(Dispatchers.Unconfined)
    private val warnings = ArrayList<String>()

    @AfterEach
    fun stop() = scope.cancel()

    private fun bridge(configure: BridgeOptions.() -> Unit = {}): Bridge {
        val options = BridgeOptions()
        options.reconnect.jitter = 0.0
        options.onWarning = { warnings.add(it.code.value) }
        options.configure()
        return Bridge("http://host:1?q=2", options, environment) { dialer }
    }

    private fun connected(bridge: Bridge = bridge()) =
        bridge.namespace("/").also {
            it.connect(RecordingCallback())
            dialer.last.accept()
        }

    /** What its flow tells, in few words. */
    private fun collected(bridge: Bridge): List<String> {
        val recorded = ArrayList<String>()
        scope.launch {
            bridge.namespace("/").events.collect { event ->
                recorded.add(
                    when (event) {
                        is NamespaceEvent.Connected -> "connected"
                        is NamespaceEvent.Disconnected -> "disconnected ${event.closeCode} ${event.isFinal}"
                        is NamespaceEvent.Refused -> "refused ${event.error.code}"
                        is NamespaceEvent.Message -> "${event.name} ${event.args}"
                        else -> "?"
                    },
                )
            }
            recorded.add("over")
        }
        return recorded
    }

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

    /** What the application's functions throw, while the task runs. */
    private fun thrown(task: () -> Unit): List<String?> {
        val thrown = ArrayList<String?>()
        val thread = Thread.currentThread()
        val before = thread.uncaughtExceptionHandler
        thread.setUncaughtExceptionHandler { _, fault -> thrown.add(fault.message) }
        try {
            task()
        } finally {
            thread.uncaughtExceptionHandler = before
        }
        return thrown
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
