package dev.crossroom

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import java.util.concurrent.Callable

/** Settings of a [Bridge][dev.crossroom.bridge.Bridge]. One that makes no sense is refused when it is made, with [IllegalArgumentException]. */
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
