package dev.crossroom.transport

import dev.crossroom.TransportKind
import dev.crossroom.frames.Rate
import dev.crossroom.session.HttpTerms
import okhttp3.ConnectionPool
import okhttp3.Dispatcher
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okhttp3.WebSocket
import okhttp3.WebSocketListener
import okio.ByteString
import java.util.concurrent.SynchronousQueue
import java.util.concurrent.ThreadFactory
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import javax.net.SocketFactory

/**
 * WebSockets, and what sessions over HTTP need, by OkHttp. The application's own client is used as it is and left alone; without one a client is made at
 * the first dial. Threads that are ours end with [close].
 */
internal class OkHttpDialer(private val given: OkHttpClient?) : Dialer {
    private val threads = Threads()
    private var own: OkHttpClient? = null
    private var ownForHttp: OkHttpClient? = null
    private var isClosed = false

    /** OkHttp closes a connection on which more than this is queued. */
    override val maxQueuedBytes: Long = 16L * 1024 * 1024

    override fun dial(url: String, headers: Map<String, String>, listener: TransportListener): Transport {
        // OkHttp takes ws: and wss: too, and makes http: and https: of them.
        val request = Request.Builder().url(url).header("Sec-WebSocket-Protocol", "crossroom.v1")
        for ((name, value) in headers) request.header(name, value)
        return OkHttpTransport(client(), request.build(), listener)
    }

    /** A server's bridge, whatever its scheme is called and its query says: what is known of the way there is kept by it. */
    fun placeOf(url: String): String = Request.Builder().url(url).build().url.newBuilder().query(null).build().toString()

    fun requests(url: String, headers: Map<String, String>): HttpRequests = HttpRequests(clientForHttp(), url, headers)

    fun session(
        requests: HttpRequests,
        terms: HttpTerms,
        ways: HttpWays,
        timing: Timing,
        listener: TransportListener,
        pollsWork: () -> Unit,
    ): HttpTransport = HttpTransport(requests, terms, ways, timing, threads, listener, pollsWork)

    /** Runs what waits for the network. */
    fun execute(task: () -> Unit) = threads.execute(task)

    override fun close(done: () -> Unit) {
        val clients =
            synchronized(this) {
                isClosed = true
                listOf(own.takeIf { given == null }, ownForHttp).also {
                    own = null
                    ownForHttp = null
                }
            }
        clients.forEach { it?.connectionPool?.evictAll() }
        threads.terminated = done
        threads.shutdown()
    }

    @Synchronized
    private fun client(): OkHttpClient {
        check(!isClosed) { "the client was closed" }
        return own ?: (given?.let(::prompt) ?: newClient()).also { own = it }
    }

    /** How long a request may take is the session's to say, and it wants to see each answer as it is. Its connections are its own, to be given up. */
    @Synchronized
    private fun clientForHttp(): OkHttpClient =
        ownForHttp ?: client().newBuilder()
            .connectionPool(ConnectionPool())
            .readTimeout(0, TimeUnit.MILLISECONDS)
            .writeTimeout(0, TimeUnit.MILLISECONDS)
            .callTimeout(0, TimeUnit.MILLISECONDS)
            .followRedirects(false)
            .followSslRedirects(false)
            .cache(null)
            .build()
            .also { ownForHttp = it }

    /** It shares threads, connections and all settings with the application's own. */
    private fun prompt(given: OkHttpClient): OkHttpClient = given.newBuilder().socketFactory(PromptSockets(given.socketFactory)).build()

    private fun newClient(): OkHttpClient =
        OkHttpClient.Builder()
            .dispatcher(Dispatcher(threads))
            // How long an attempt may take, and how long silence, is the session's to say.
            .connectTimeout(0, TimeUnit.MILLISECONDS)
            .readTimeout(0, TimeUnit.MILLISECONDS)
            .writeTimeout(0, TimeUnit.MILLISECONDS)
            .socketFactory(PromptSockets(SocketFactory.getDefault()))
            .build()
}

/** The threads of the client's own OkHttp. Daemons: they end at `close`, and a program that forgot it ends all the same. */
private class Threads :
    ThreadPoolExecutor(
        0,
        Int.MAX_VALUE,
        5,
        TimeUnit.SECONDS,
        SynchronousQueue(),
        ThreadFactory { task -> Thread(task, "crossroom").apply { isDaemon = true } },
    ) {
    /** Called when the last one has nothing to do any more after `shutdown`. */
    @Volatile var terminated: () -> Unit = {}

    override fun terminated() = terminated.invoke()
}

private class OkHttpTransport(client: OkHttpClient, request: Request, private val listener: TransportListener) : Transport {
    private val reach = Reach(request.isHttps)

    /** No more of [listener] but `gone` is called. */
    private val isOver = AtomicBoolean()
    private val isGone = AtomicBoolean()

    @Volatile private var isOpen = false

    private val socket: WebSocket = reach.watch(client).newWebSocket(request, Events())

    override val kind: TransportKind get() = TransportKind.WEBSOCKET
    override val isReached: Boolean get() = reach.isThere

    override val queuedBytes: Long get() = socket.queueSize()

    override fun send(text: String) {
        if (!isOver.get()) socket.send(text)
    }

    override fun pace(rate: Rate) = Unit

    override fun networkChanged(): Boolean = false

    override fun hangUp(abrupt: Boolean) {
        isOver.set(true)
        // Before it is open there is nobody to say goodbye to.
        if (abrupt || !isOpen || !socket.close(NORMAL, null)) socket.cancel()
    }

    private fun lost(code: Int?, reason: String, failure: TransportFailure?) {
        if (isOver.compareAndSet(false, true)) listener.lost(code, reason, failure)
    }

    private fun gone() {
        if (isGone.compareAndSet(false, true)) listener.gone()
    }

    private inner class Events : WebSocketListener() {
        override fun onOpen(webSocket: WebSocket, response: Response) {
            isOpen = true
            // Hung up while it was being opened.
            if (isOver.get()) webSocket.cancel() else listener.opened()
        }

        override fun onMessage(webSocket: WebSocket, text: String) {
            if (!isOver.get()) listener.message(text)
        }

        override fun onMessage(webSocket: WebSocket, bytes: ByteString) {
            if (!isOver.get()) listener.message(null)
        }

        override fun onClosing(webSocket: WebSocket, code: Int, reason: String) {
            // OkHttp leaves the answer to the server's close frame to its user.
            webSocket.close(NORMAL, null)
            lost(code, reason, null)
        }

        override fun onClosed(webSocket: WebSocket, code: Int, reason: String) {
            lost(code, reason, null)
            gone()
        }

        override fun onFailure(webSocket: WebSocket, t: Throwable, response: Response?) {
            val refusal = response?.takeIf { !isOpen }
            lost(null, "", TransportFailure(messageOf(t, refusal), refusal?.code, t, refusal?.let(::retryAfterOf)))
            gone()
        }
    }

    private fun messageOf(thrown: Throwable, refusal: Response?): String {
        if (refusal == null) return thrown.message ?: thrown.javaClass.simpleName
        val body =
            try {
                refusal.peekBody(MAX_BODY).string()
            } catch (_: Exception) {
                "" // the status says enough
            }
        return "The server refused the connection with HTTP ${refusal.code}. $body".trim()
    }

    /** Seconds (PROTOCOL.md, 1.6); a date, which HTTP has too, is not read. */
    private fun retryAfterOf(refusal: Response): Long? =
        refusal.header("Retry-After")?.toLongOrNull()?.takeIf { it > 0 }?.coerceAtMost(MAX_SECONDS)?.let { it * 1_000 }

    private companion object {
        const val MAX_SECONDS = 2_147_483L
        const val NORMAL = 1000
        const val MAX_BODY = 4_096L
    }
}
