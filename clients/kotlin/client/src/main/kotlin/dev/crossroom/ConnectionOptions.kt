package dev.crossroom

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import okhttp3.OkHttpClient
import java.util.concurrent.Callable
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/** Settings of every client, whatever its layer. They are read once, when the client is made. */
public abstract class ConnectionOptions internal constructor() {
    /** Where the server has the bridge. Default `/bridge`. */
    public var path: String = "/bridge"

    /**
     * The ways to the server that may be used. Default: all. A WebSocket is tried first; where something on the way refuses those, the same goes over HTTP.
     * [TransportKind.WEBSOCKET] alone turns that off.
     */
    public var transports: Set<TransportKind> = TransportKind.values().toSet()

    /** How a lost connection is made again. */
    public val reconnect: ReconnectOptions = ReconnectOptions()

    /**
     * The application's own OkHttp client: its proxy, certificates, cookies and the like are used, and it is left alone at the end. Default:
     * one of the client's own, whose threads end with it.
     */
    public var okHttpClient: OkHttpClient? = null

    /**
     * Where callbacks, listeners and `onWarning` are called; each listener one at a time and in order. Default: a thread of the client's, where none
     * of them may block. With an executor they may, and only hold up themselves. What it refuses is called on a thread of `Dispatchers.IO`.
     */
    public var callbackExecutor: Executor? = null

    /**
     * Milliseconds of a clock that is never set and that goes on while the machine sleeps. Default: `System.nanoTime`, which stands still in deep
     * sleep on Android: set it to `{ SystemClock.elapsedRealtime() }` there.
     */
    public var clock: () -> Long = { TimeUnit.NANOSECONDS.toMillis(System.nanoTime()) }

    internal var headersProvider: suspend () -> Map<String, String> = { emptyMap() }

    /** Headers of the request that opens a connection. */
    public fun headers(headers: Map<String, String>) {
        val copy = headers.toMap()
        headersProvider = { copy }
    }

    /**
     * A function that gives the headers of the request that opens a connection: asked at every attempt. If it throws, it is asked again later;
     * unless it throws [NoMoreCredentials].
     */
    public fun headers(provider: suspend () -> Map<String, String>) {
        headersProvider = provider
    }

    /** The same for a function that may block; it runs on a thread for such. */
    public fun blockingHeaders(provider: Callable<Map<String, String>>) {
        headersProvider = { runInterruptible(Dispatchers.IO) { provider.call() } }
    }

    internal fun checkConnection() {
        val (least, most) = reconnect.minDelayMillis to reconnect.maxDelayMillis
        require(least >= 0 && most >= 0) { "delays cannot be negative: $least, $most" }
        require(reconnect.jitter in 0.0..1.0) { "jitter must be from 0 to 1: ${reconnect.jitter}" }
        require(reconnect.timeoutMillis > 0) { "timeoutMillis must be more than 0: ${reconnect.timeoutMillis}" }
        require(transports.isNotEmpty()) { "transports must name a way to the server" }
        require(reconnect.maxAttempts >= 0) { "maxAttempts cannot be negative: ${reconnect.maxAttempts}" }
    }

    /** Changes how a lost connection is made again. */
    public fun reconnect(configure: ReconnectOptions.() -> Unit) {
        reconnect.configure()
    }
}
