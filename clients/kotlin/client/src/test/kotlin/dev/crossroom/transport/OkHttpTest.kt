package dev.crossroom.transport

import dev.crossroom.BridgeOptions
import dev.crossroom.CrossroomException
import dev.crossroom.Value
import dev.crossroom.bridge.Bridge
import dev.crossroom.bridge.NamespaceEvent
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import okhttp3.OkHttpClient
import okhttp3.Response
import okhttp3.WebSocket
import okhttp3.WebSocketListener
import okhttp3.mockwebserver.MockResponse
import okhttp3.mockwebserver.MockWebServer
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.fail
import java.net.InetAddress
import java.net.Socket
import javax.net.SocketFactory

/** The whole client over real sockets, against a small server in this process. */
@Timeout(30)
class OkHttpTest {
    private val server = MockWebServer()

    /** What the server's sockets got, and the sockets. */
    private val received = Channel<String>(Channel.UNLIMITED)
    private val sockets = Channel<WebSocket>(Channel.UNLIMITED)

    @AfterEach
    fun stop() = server.shutdown()

    private fun serve(onText: (WebSocket, String) -> Unit = { _, _ -> }) =
        server.enqueue(
            MockResponse().withWebSocketUpgrade(
                object : WebSocketListener() {
                    override fun onOpen(webSocket: WebSocket, response: Response) {
                        sockets.trySend(webSocket)
                    }

                    override fun onMessage(webSocket: WebSocket, text: String) {
                        received.trySend(text)
                        if ("\"connect\"" in text) {
                            webSocket.send("""{"type":"connected","sid":"s","pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}""")
                        }
                        onText(webSocket, text)
                    }

                    override fun onClosing(webSocket: WebSocket, code: Int, reason: String) {
                        received.trySend("closed $code")
                        webSocket.close(1000, null)
                    }
                },
            ),
        )

    private fun bridge(configure: BridgeOptions.() -> Unit = {}) =
        Bridge(
            server.url("/").toString(),
            BridgeOptions().apply {
                reconnect.minDelayMillis = 1
                reconnect.maxDelayMillis = 10
                configure()
            },
        )

    private fun run(test: suspend () -> Unit) = runBlocking { withTimeout(20_000) { test() } }

    /** The client's threads that do not end in time. OkHttp renames them while they have a connection. */
    private fun threads(): List<String> {
        val own = Thread.getAllStackTraces().keys.filter { it.name.startsWith("crossroom") || it.name.startsWith("OkHttp http") }
        own.forEach { it.join(5_000) }
        return own.filter { it.isAlive }.map { it.name }
    }

    @Test
    fun `connects, calls, and closes with a close frame`() =
        run {
            serve { socket, text -> if ("\"event\"" in text) socket.send("""{"type":"ack","id":0,"args":["yes"]}""") }
            val bridge = bridge { headers(mapOf("X-Token" to "t")) }
            assertEquals("s", bridge.namespace().connect())
            assertEquals(listOf(Value.Text("yes")), bridge.namespace().call("ask"))
            bridge.close()
            bridge.awaitClosed()
            assertEquals("{\"type\":\"connect\"}", received.receive())
            assertEquals("{\"type\":\"event\",\"event\":\"ask\",\"args\":[],\"id\":0}", received.receive())
            assertEquals("closed 1000", received.receive())
            val request = server.takeRequest()
            assertEquals("/bridge", request.path)
            assertEquals(listOf("t", "crossroom.v1"), listOf("X-Token", "Sec-WebSocket-Protocol").map(request::getHeader))
        }

    @Test
    fun `fails with the status of a refused upgrade`() =
        run {
            server.enqueue(MockResponse().setResponseCode(403).setBody("""{"error":{"code":"forbidden","message":"no"}}"""))
            val bridge = bridge()
            try {
                bridge.namespace().connect()
                fail("connected")
            } catch (error: CrossroomException) {
                assertEquals("refused", error.code.value)
                assertEquals(403, error.httpStatus)
                assertTrue("\"forbidden\"" in error.message.orEmpty(), error.message)
            }
            bridge.close()
            bridge.awaitClosed()
        }

    @Test
    fun `obeys the server's close codes`() =
        run {
            serve()
            serve()
            val bridge = bridge()
            val ends = Channel<NamespaceEvent.Disconnected>(Channel.UNLIMITED)
            val collector =
                kotlinx.coroutines.CoroutineScope(Dispatchers.Default).launch {
                    bridge.namespace().events.collect { if (it is NamespaceEvent.Disconnected) ends.send(it) }
                }
            bridge.namespace().connect()
            sockets.receive().close(4501, "server_shutdown")
            val first = ends.receive()
            assertEquals(listOf(4501, false), listOf(first.closeCode, first.isFinal))
            val second = sockets.receive()
            bridge.namespace().connect()
            second.close(4400, null)
            val last = ends.receive()
            assertEquals(listOf(4400, true), listOf(last.closeCode, last.isFinal))
            bridge.close()
            bridge.awaitClosed()
            collector.join()
            assertEquals(2, server.requestCount)
        }

    @Test
    fun `gets everything of a server that sends faster than it is taken, in order`() =
        run {
            serve { socket, text -> if ("flood" in text) repeat(3_000) { socket.send("""{"type":"event","event":"n","args":[$it]}""") } }
            val bridge = bridge { maxUntakenEvents = 10 }
            bridge.namespace().connect()
            bridge.namespace().emit("flood")
            val got = ArrayList<Long?>()
            bridge.namespace().events.first {
                if (it is NamespaceEvent.Message) got.add(it.args[0].long)
                got.size == 3_000
            }
            assertEquals((0L until 3_000L).toList(), got)
            bridge.close()
            bridge.awaitClosed()
        }

    @Test
    fun `reads no more than the application may leave untaken, and closes all the same`() =
        run {
            serve { socket, text -> if ("flood" in text) repeat(1_000) { socket.send("""{"type":"event","event":"n","args":[$it]}""") } }
            val bridge = bridge { maxUntakenEvents = 10 }
            bridge.namespace().connect()
            bridge.namespace().emit("flood")
            bridge.namespace().events.first { it is NamespaceEvent.Message }
            bridge.close()
            bridge.awaitClosed()
            assertEquals(emptyList<String>(), threads())
        }

    @Test
    fun `leaves no thread behind, whatever it was doing when it was closed`() =
        run {
            val opening = bridge()
            val waiting = kotlinx.coroutines.CoroutineScope(Dispatchers.Default).async { runCatching { opening.namespace().connect() } }
            opening.close()
            opening.awaitClosed()
            assertTrue(waiting.await().isFailure)
            // The first one's request may have come, and takes an answer.
            repeat(2) { serve() }
            val open = bridge()
            open.namespace().connect()
            open.close()
            open.awaitClosed()
            assertEquals(emptyList<String>(), threads())
        }

    @Test
    fun `leaves the application's own client alone`() =
        run {
            serve()
            val client = OkHttpClient()
            val bridge = bridge { okHttpClient = client }
            bridge.namespace().connect()
            bridge.close()
            bridge.awaitClosed()
            assertFalse(client.dispatcher.executorService.isShutdown)
            client.dispatcher.executorService.shutdown()
            client.connectionPool.evictAll()
        }

    @Test
    fun `comes back no sooner than a refusal's Retry-After`() =
        run {
            server.enqueue(MockResponse().setResponseCode(503).setHeader("Retry-After", "7"))
            val dialer = OkHttpDialer(null)
            val recorded = Channel<TransportFailure>(Channel.UNLIMITED)
            dialer.dial(
                server.url("/").toString(),
                emptyMap(),
                object : TransportListener {
                    override fun opened() = Unit

                    override fun message(text: String?) = Unit

                    override fun changed() = Unit

                    override fun spent() = Unit

                    override fun lost(code: Int?, reason: String, failure: TransportFailure?) {
                        failure?.let(recorded::trySend)
                    }

                    override fun gone() = Unit
                },
            )
            assertEquals(7_000L, recorded.receive().retryAfter)
            dialer.close {}
        }

    @Test
    fun `opens where something on the way strips the subprotocol from the answer`() =
        run {
            serve()
            val bridge = bridge()
            assertEquals("s", bridge.namespace().connect())
            bridge.close()
            bridge.awaitClosed()
        }

    @Test
    fun `sends at once what is written, and lets the given factory make the sockets`() {
        val made = ArrayList<Socket>()
        val given =
            object : SocketFactory() {
                override fun createSocket(): Socket = Socket().also(made::add)

                override fun createSocket(host: String?, port: Int) = createSocket()

                override fun createSocket(host: String?, port: Int, localHost: InetAddress?, localPort: Int) = createSocket()

                override fun createSocket(host: InetAddress?, port: Int) = createSocket()

                override fun createSocket(address: InetAddress?, port: Int, localAddress: InetAddress?, localPort: Int) = createSocket()
            }
        run {
            serve()
            val bridge = bridge { okHttpClient = OkHttpClient.Builder().socketFactory(given).build() }
            bridge.namespace().connect()
            assertEquals(listOf(true), made.map { it.tcpNoDelay })
            bridge.close()
            bridge.awaitClosed()
        }
    }
}
