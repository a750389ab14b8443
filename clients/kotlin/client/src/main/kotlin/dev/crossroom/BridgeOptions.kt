package dev.crossroom

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import okhttp3.OkHttpClient
import java.util.concurrent.Callable
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/** How a lost connection is made again. Times in milliseconds. */
public class ReconnectOptions {
    /** Before the second attempt; doubled with each failure. Default 1,000. */
    public var minDelayMillis: Long = 1_000

    /** Before any attempt, at most. Default 5,000. */
    public var maxDelayMillis: Long = 5_000

    /** From 0 to 1: by how much of itself a delay is shortened or lengthened at random. Default 0.5. */
    public var jitter: Double = 0.5

    /** What an attempt may take. Default 20,000. */
    public var timeoutMillis: Long = 20_000

    /** Attempts in a row that may fail before the client gives up. Default: no limit. */
    public var maxAttempts: Int = Int.MAX_VALUE
}

/** Settings of every client, whatever its layer. They are read once, when the client is made. */
public abstract class ConnectionOptions internal constructor() {
    /** Where the server has the bridge. Default `/bridge`. */
    public var path: String = "/bridge"

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
        require(reconnect.maxAttempts >= 0) { "maxAttempts cannot be negative: ${reconnect.maxAttempts}" }
    }

    /** Changes how a lost connection is made again. */
    public fun reconnect(configure: ReconnectOptions.() -> Unit) {
        reconnect.configure()
    }
}

/** Settings of a [Bridge]. One that makes no sense is refused when it is made, with [IllegalArgumentException]. */
public class BridgeOptions : ConnectionOptions() {
    /** Events that may wait for the connection of a namespace. Default 1,000; one more is refused with `buffer_full`. */
    public var maxBufferedEvents: Int = 1_000

    /** Bytes of events that may wait for the connection of a namespace. Default 8 MiB. */
    public var maxBufferedBytes: Long = 8L * 1024 * 1024

    /** Events of the server's that may wait for the application. Default 1,000; then nothing more is read from the connection. */
    public var maxUntakenEvents: Int = 1_000

    /** What a call waits for its ack unless it says otherwise, in milliseconds. Default 10,000. */
    public var callTimeoutMillis: Long = 10_000

    /**
     * Told of what calls for no action but belongs in a log: an attempt to connect that failed, a frame that the server refused, a message
     * that is no frame. Called one at a time, on a thread of the client's, where it must not block; what it throws goes to that thread's
     * handler of uncaught exceptions.
     */
    public var onWarning: ((CrossroomException) -> Unit)? = null

    internal fun check() {
        checkConnection()
        require(maxBufferedEvents >= 0) { "maxBufferedEvents cannot be negative: $maxBufferedEvents" }
        require(maxBufferedBytes >= 0) { "maxBufferedBytes cannot be negative: $maxBufferedBytes" }
        require(maxUntakenEvents > 0) { "maxUntakenEvents must be more than 0: $maxUntakenEvents" }
        require(callTimeoutMillis > 0) { "callTimeoutMillis must be more than 0: $callTimeoutMillis" }
    }

    internal var authProvider: suspend () -> Value.Object? = { null }

    /** Credentials that every namespace is connected with. */
    public fun auth(auth: Value.Object) {
        authProvider = { auth }
    }

    /**
     * A function that gives the credentials: asked at every connect. If it throws, it is asked again later; unless it throws
     * [NoMoreCredentials]: then the namespace is given up.
     */
    public fun auth(provider: suspend () -> Value.Object?) {
        authProvider = provider
    }

    /** The same for a function that may block; it runs on a thread for such. */
    public fun blockingAuth(provider: Callable<Value.Object?>) {
        authProvider = { runInterruptible(Dispatchers.IO) { provider.call() } }
    }
}
