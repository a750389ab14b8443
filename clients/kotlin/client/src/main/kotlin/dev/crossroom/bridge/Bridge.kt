package dev.crossroom.bridge

import dev.crossroom.BridgeOptions
import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.TransportKind
import dev.crossroom.ownError
import dev.crossroom.session.Backoff
import dev.crossroom.transport.Dialer
import dev.crossroom.transport.dialerOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import java.io.Closeable

/**
 * One connection to a Socket.IO server's bridge, and the namespaces on it. It is made when a namespace is connected, and made again when it is
 * lost. All may be called from any thread or coroutine.
 *
 * ```
 * val bridge = Bridge("http://localhost:3000")
 * val main = bridge.namespace("/")
 * main.connect()
 * println(main.call("join", json("room" to "lobby")))
 * bridge.close()
 * ```
 */
public class Bridge internal constructor(
    url: String,
    private val options: BridgeOptions,
    private val environment: Environment,
    dialer: (BridgeOptions) -> Dialer,
) : Closeable {
    /**
     * @param url of the server: `http`, `https`, `ws` or `wss`; its query reaches the server's application.
     * @throws IllegalArgumentException for another URL, and for options that make no sense.
     */
    @JvmOverloads
    public constructor(url: String, options: BridgeOptions = BridgeOptions()) :
        this(url, options, RealEnvironment(options.clock))

    private constructor(url: String, options: BridgeOptions, environment: Environment) :
        this(url, options, environment, { dialerOf(it, environment) })

    init {
        options.check()
    }

    private val loop = environment.loop
    private val bufferLimits = BufferLimits(options.maxBufferedEvents, options.maxBufferedBytes)
    private val provider = options.authProvider
    private val callTimeout = options.callTimeoutMillis
    private val maxUntaken = options.maxUntakenEvents
    private val onWarning = options.onWarning
    private val callbacks = Callbacks(options.callbackExecutor)
    private val connection = Connection(environment, settings(url), dialer(options))
    private val namespaces = LinkedHashMap<String, Namespace>()
    private val cores = ArrayList<NamespaceCore>()
    private val closed = CompletableDeferred<Unit>()
    private val flushes = Flushes(environment) { connection.unsent }
    private var isClosing = false

    /** What there is a connection over, which may change from [TransportKind.SSE] to [TransportKind.POLLING] within one; null while there is none. */
    public val transport: StateFlow<TransportKind?> = connection.transport.asStateFlow()

    /**
     * The namespace of this name: always the same one. Does not connect it.
     *
     * @throws IllegalArgumentException for a name that does not begin with `/`, or holds a comma.
     */
    public fun namespace(name: String = "/"): Namespace {
        require(name.startsWith("/") && ',' !in name) { "the name of a namespace begins with / and holds no comma: $name" }
        return synchronized(namespaces) {
            namespaces.getOrPut(name) {
                val core = NamespaceCore(connection, name, provider, bufferLimits, callTimeout, maxUntaken)
                cores.add(core)
                if (isClosing) loop.execute { end(core) }
                Namespace(core, loop, callbacks)
            }
        }
    }

    /** The network is another one: an attempt is made now, and an open connection is probed, and given up if nothing comes within 5 s. */
    public fun networkChanged(): Unit = loop.execute { connection.networkChanged() }

    /** The application goes to the background: the connection is closed, and none is made until [foreground]. Namespaces stay wanted. */
    public fun background(): Unit = loop.execute { connection.background() }

    /** The application comes back: what was connected is connected again, at once. */
    public fun foreground(): Unit = loop.execute { connection.foreground() }

    /**
     * Waits until what was accepted has left: events are handed to the system, calls have their outcome.
     *
     * @return how many have not after `timeoutMillis`, or at the end of the bridge; 0 where all have.
     */
    public suspend fun flush(timeoutMillis: Long): Int = loop.await { flushes.start(timeoutMillis, it) }

    /** The same with a callback. */
    public fun flush(timeoutMillis: Long, callback: Callback<Int>): Cancellable = loop.start { flushes.start(timeoutMillis, callbacks.of(callback)) }

    /** [flush], and then [close]: what has not left fails with `closed`. Closes also where the caller is cancelled. */
    public suspend fun close(timeoutMillis: Long): Int =
        try {
            flush(timeoutMillis)
        } finally {
            close()
        }

    /** Closes for good, without waiting; what waits fails with `closed`. May be called twice. See [awaitClosed]. */
    override fun close() {
        loop.execute {
            val ending =
                synchronized(namespaces) {
                    if (isClosing) return@execute
                    isClosing = true
                    cores.toList()
                }
            flushes.end()
            for (core in ending) core.close(ownError(ErrorCode.CLOSED))
            connection.close {
                environment.close()
                closed.complete(Unit)
            }
            for (core in ending) core.finish()
        }
    }

    /** Events of no namespace's call that have not left. */
    internal val unsentEvents: Int get() = connection.unsentEvents

    /** Waits until nothing of the bridge is left after [close]: no socket, no thread, no timer. */
    public suspend fun awaitClosed(): Unit = closed.await()

    private fun end(core: NamespaceCore) {
        core.close(ownError(ErrorCode.CLOSED))
        core.finish()
    }

    private fun settings(url: String): ConnectionSettings {
        val reconnect = options.reconnect
        return ConnectionSettings(
            url = endpoint(url, options.path),
            headers = options.headersProvider,
            backoff = Backoff(reconnect.minDelayMillis, reconnect.maxDelayMillis, reconnect.jitter),
            maxAttempts = reconnect.maxAttempts,
            dialTimeout = reconnect.timeoutMillis,
            maxUntaken = options.maxUntakenEvents,
            warn = ::warn,
        )
    }

    private fun warn(error: CrossroomException) {
        val listener = onWarning ?: return
        callbacks.run { listener(error) }
    }
}

/** A bridge with settings: `Bridge("http://localhost:3000") { auth(json("token" to "...")) }`. */
public inline fun Bridge(url: String, configure: BridgeOptions.() -> Unit): Bridge = Bridge(url, BridgeOptions().apply(configure))

private val SERVER = Regex("(https?|wss?)://[^/?#]+[^?#]*", RegexOption.IGNORE_CASE)

/** Where the WebSocket goes to. The query of the server's URL reaches its application. */
internal fun endpoint(url: String, path: String): String {
    val (base, query) = url.substringBefore('#').let { it.substringBefore('?') to it.substringAfter('?', "") }
    require(SERVER.matches(base)) { "not a URL of a server: $url" }
    val tail = if (path.startsWith("/")) path else "/$path"
    return base.trimEnd('/') + tail + if (query.isEmpty()) "" else "?$query"
}
