package dev.crossroom.transport

import dev.crossroom.BridgeOptions
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.TransportKind
import dev.crossroom.Value
import dev.crossroom.bridge.Bridge
import dev.crossroom.bridge.Environment
import dev.crossroom.bridge.NamespaceEvent
import dev.crossroom.bridge.RealEnvironment
import dev.crossroom.session.TransportMemory
import dev.crossroom.support.FakeHttpBridge
import dev.crossroom.support.FakeHttpBridge.Fate
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import okhttp3.OkHttpClient
import okhttp3.WebSocket
import okhttp3.WebSocketListener
import okhttp3.mockwebserver.MockResponse
import okhttp3.mockwebserver.MockWebServer
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.assertThrows
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** The whole client over HTTP, against a small server in this process. */
@Timeout(60)
class HttpTransportTest {
    private val server = FakeHttpBridge()
    private val memory = TransportMemory { System.nanoTime() / 1_000_000 }

    @AfterEach
    fun stop() = server.close()

    private fun bridge(
        url: String = server.url,
        environmentOf: (BridgeOptions) -> Environment = { RealEnvironment(it.clock) },
        configure: BridgeOptions.() -> Unit = {},
    ): Bridge {
        val options = BridgeOptions()
        options.reconnect.minDelayMillis = 1
        options.reconnect.maxDelayMillis = 10
        options.configure()
        val environment = environmentOf(options)
        val settings = FallbackSettings(options.transports, options.reconnect.timeoutMillis / 2, memory)
        return Bridge(url, options, environment) { FallbackDialer(OkHttpDialer(it.okHttpClient), settings, environment) }
    }

    private fun run(bridge: Bridge, test: suspend (Bridge) -> Unit) =
        runBlocking {
            withTimeout(40_000) {
                try {
                    test(bridge)
                } finally {
                    bridge.close()
                    bridge.awaitClosed()
                }
            }
        }

    private fun refusalOf(bridge: Bridge): CrossroomException {
        var refusal: CrossroomException? = null
        run(bridge) { refusal = assertThrows<CrossroomException> { runBlocking { it.namespace().connect() } } }
        return checkNotNull(refusal)
    }

    private fun overHttp(vararg kinds: TransportKind): Bridge = bridge { transports = setOf(*kinds) }

    private suspend fun Bridge.ask(n: Int): Value = namespace().call("ask", Value.of(n)).single()

    @Test
    fun `falls back within the attempt where an upgrade is refused, and leaves with DELETE`() {
        for (status in listOf(400, 404, 426, 500, 503)) {
            memory.forget("${server.url}/bridge")
            server.upgrade = status
            val warnings = ArrayList<CrossroomException>()
            run(bridge { onWarning = warnings::add }) { bridge ->
                assertNull(bridge.transport.value)
                bridge.namespace().connect()
                assertEquals(TransportKind.SSE, bridge.transport.value)
                assertEquals(Value.of(7), bridge.ask(7))
            }
            assertEquals("upgrade", server.requests.poll(1, TimeUnit.SECONDS))
            assertEquals("open", server.requests.poll(1, TimeUnit.SECONDS))
            server.next("DELETE")
            assertEquals(emptyList<CrossroomException>(), warnings)
        }
    }

    @Test
    fun `falls back where the handshake is not answered`() {
        server.upgrade = null
        run(bridge { reconnect.timeoutMillis = 2_000 }) { bridge ->
            bridge.namespace().connect()
            assertEquals(TransportKind.SSE, bridge.transport.value)
        }
    }

    /** Timers run out twenty times as fast as they say. */
    private class HurriedEnvironment(private val real: RealEnvironment) : Environment by real {
        override fun after(ms: Long, task: () -> Unit): Cancellable = real.after(ms / 20, task)
    }

    @Test
    fun `tries HTTP after a WebSocket on which nothing came, not even an answer to a ping`() {
        val webServer = MockWebServer()
        val received = LinkedBlockingQueue<String>()

        fun serve(answers: Boolean) =
            webServer.enqueue(
                MockResponse().withWebSocketUpgrade(
                    object : WebSocketListener() {
                        override fun onMessage(webSocket: WebSocket, text: String) {
                            received.add(text)
                            if (answers) {
                                webSocket.send("""{"type":"connected","sid":"s","pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}""")
                            }
                        }

                        override fun onClosing(webSocket: WebSocket, code: Int, reason: String) {
                            webSocket.close(1000, null)
                        }
                    },
                ),
            )
        serve(answers = false)
        webServer.enqueue(MockResponse().setResponseCode(404))
        serve(answers = true)
        val url = webServer.url("/").toString()
        run(bridge(url, { HurriedEnvironment(RealEnvironment(it.clock)) })) { bridge ->
            bridge.namespace().connect()
            assertEquals(TransportKind.WEBSOCKET, bridge.transport.value)
        }
        assertEquals(listOf("GET", "POST", "GET"), List(3) { webServer.takeRequest().method })
        assertEquals(listOf("connect", "ping", "connect"), received.map { jsonOf(it)["type"]?.text })
        webServer.shutdown()
    }

    @Test
    fun `does not fall back where the server refuses this client, or says when to come again`() {
        for (status in listOf(401, 403)) {
            server.upgrade = status
            assertEquals(status, refusalOf(bridge()).httpStatus)
        }
        server.upgrade = 503
        server.upgradeHeaders = mapOf("Retry-After" to "100")
        val refusal = refusalOf(bridge { reconnect.maxAttempts = 0 }).cause as CrossroomException
        assertEquals(503 to 100_000L, refusal.httpStatus to refusal.retryAfterMillis)
        assertTrue(server.requests.none { it == "open" })
    }

    @Test
    fun `is refused where the opening is, or by the WebSocket's answer where there is no bridge over HTTP`() {
        server.opening = 401 to "{'error':{'code':'unauthorized','message':'no'}}"
        assertEquals(401, refusalOf(bridge()).httpStatus)
        server.opening = 404 to "<html>"
        assertEquals(400, refusalOf(bridge()).httpStatus)
        assertFalse(memory.mayHaveHttp("${server.url}/bridge"))
        assertEquals(listOf("upgrade", "open", "upgrade", "open"), server.requests.toList())
        assertEquals(400, refusalOf(bridge()).httpStatus)
        assertEquals("upgrade", server.requests.last())
    }

    @Test
    fun `remembers for other clients what worked`() {
        run(bridge()) { it.namespace().connect() }
        server.next("DELETE")
        run(bridge()) { it.namespace().connect() }
        assertEquals("open", server.requests.poll(1, TimeUnit.SECONDS))
    }

    @Test
    fun `reads by polls within the session where a stream is held up`() {
        server.holdsStreams = true
        run(overHttp(TransportKind.SSE, TransportKind.POLLING)) { bridge ->
            bridge.namespace().connect()
            assertEquals(TransportKind.POLLING, bridge.transport.value)
            assertEquals(Value.of(1), bridge.ask(1))
            assertEquals(TransportKind.POLLING, memory.wayTo("${server.url}/bridge"))
        }
        assertEquals(1, server.requests.count { it == "open" })
    }

    @Test
    fun `loses nothing and doubles nothing where POSTs and their answers are lost`() {
        for (kind in listOf(TransportKind.SSE, TransportKind.POLLING)) {
            server.fateOfPost = { if (it % 3 == 0) Fate.ANSWERED else Fate.values()[1 + it % 2] }
            run(overHttp(kind)) { bridge ->
                bridge.namespace().connect()
                repeat(50) { bridge.namespace().emit("n", Value.of(it)) }
                assertEquals(Value.of(50), bridge.ask(50))
                val got = ArrayList<Long?>()
                while (server.lines.isNotEmpty()) jsonOf(server.lines.take())["args"]?.get(0)?.long?.let(got::add)
                assertEquals((0L..50L).toList(), got)
            }
        }
    }

    @Test
    fun `goes on where answers are cut anywhere`() {
        for (kind in listOf(TransportKind.SSE, TransportKind.POLLING)) {
            server.cutAfter = 500
            run(overHttp(kind)) { bridge ->
                bridge.namespace().connect()
                repeat(100) { server.give("{'type':'event','event':'n','args':[$it,'${"é".repeat(it)}']}") }
                val events = bridge.namespace().events
                val got = ArrayList<Long?>()
                events.first {
                    if (it is NamespaceEvent.Message) got.add(it.args[0].long)
                    got.size == 100
                }
                assertEquals((0L until 100L).toList(), got)
            }
            server.cutAfter = Int.MAX_VALUE
        }
        assertEquals(2, server.requests.count { it == "open" })
    }

    @Test
    fun `opens another session where the server knows this one no more`() {
        run(overHttp(TransportKind.SSE)) { bridge ->
            assertEquals("s1", bridge.namespace().connect())
            server.forget()
            val events = bridge.namespace().events.take(3).toList()
            assertEquals(listOf("s1", "s2"), events.filterIsInstance<NamespaceEvent.Connected>().map { it.sid })
            val end = events.filterIsInstance<NamespaceEvent.Disconnected>().single()
            assertEquals(listOf(null, false), listOf(end.closeCode, end.isFinal))
        }
    }

    @Test
    fun `obeys the server's close codes`() {
        for (kind in listOf(TransportKind.SSE, TransportKind.POLLING)) {
            run(overHttp(kind)) { bridge ->
                bridge.namespace().connect()
                server.close(4403, "token_revoked")
                val end = bridge.namespace().events.first { it is NamespaceEvent.Disconnected } as NamespaceEvent.Disconnected
                assertEquals(listOf(4403, true, "token_revoked"), listOf(end.closeCode, end.isFinal, end.reason))
                assertNull(bridge.transport.value)
            }
        }
        assertEquals(2, server.requests.count { it == "open" })
    }

    @Test
    fun `reads no more than the application takes, and gets everything in order`() {
        for (kind in listOf(TransportKind.SSE, TransportKind.POLLING)) {
            run(
                bridge {
                    transports = setOf(kind)
                    maxUntakenEvents = 10
                },
            ) { bridge ->
                bridge.namespace().connect()
                repeat(3_000) { server.give("{'type':'event','event':'n','args':[$it]}") }
                val got = ArrayList<Long?>()
                bridge.namespace().events.first {
                    if (it is NamespaceEvent.Message) got.add(it.args[0].long)
                    got.size == 3_000
                }
                assertEquals((0L until 3_000L).toList(), got)
            }
        }
    }

    @Test
    fun `sends what was accepted before it leaves`() {
        server.fateOfPost = { if (it == 1) Fate.UNAVAILABLE else Fate.ANSWERED }
        run(overHttp(TransportKind.SSE)) { bridge ->
            bridge.namespace().connect()
            repeat(10) { bridge.namespace().emit("n", Value.of(it)) }
            bridge.close()
            bridge.awaitClosed()
        }
        assertEquals(11, server.lines.size)
        server.next("DELETE")
    }

    @Test
    fun `asks anew within the session when the network is another one`() {
        run(overHttp(TransportKind.SSE)) { bridge ->
            bridge.namespace().connect()
            server.next("GET stream 0")
            bridge.networkChanged()
            server.next("GET stream")
            assertEquals(Value.of(1), bridge.ask(1))
        }
        assertEquals(0, server.requests.count { it == "open" })
    }

    @Test
    fun `goes over the application's own client, whose time-outs are not those of a stream`() {
        val client = OkHttpClient.Builder().readTimeout(200, TimeUnit.MILLISECONDS).callTimeout(300, TimeUnit.MILLISECONDS).build()
        run(
            bridge {
                transports = setOf(TransportKind.SSE)
                okHttpClient = client
                headers(mapOf("X-Token" to "t"))
            },
        ) { bridge ->
            bridge.namespace().connect()
            assertNull(server.requests.find { it == "GET stream 2" })
            withTimeoutOrNull(800) { bridge.transport.first { it == null } }
            assertEquals(Value.of(1), bridge.ask(1))
        }
        assertEquals(1, server.requests.count { it.startsWith("GET") })
        client.dispatcher.executorService.shutdown()
    }

    @Test
    fun `leaves no thread behind, whatever it was doing when it was closed`() {
        run(overHttp(TransportKind.SSE)) { it.namespace().connect() }
        run(overHttp(TransportKind.POLLING)) { it.namespace().connect() }
        server.upgrade = null
        val opening = bridge()
        opening.namespace().connect(RecordingCallback())
        server.next("upgrade")
        run(opening) {}
        val own = Thread.getAllStackTraces().keys.filter { thread -> listOf("crossroom", "OkHttp http", "OkHttp 127").any(thread.name::startsWith) }
        own.forEach { it.join(5_000) }
        assertEquals(emptyList<String>(), own.filter { it.isAlive }.map { it.name })
    }
}
