package dev.crossroom

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runInterruptible
import java.util.concurrent.Callable

/**
 * Settings of [Rooms][dev.crossroom.rooms.Rooms]. They are read once, when the client is made, which throws [IllegalArgumentException] for one that
 * makes no sense.
 */
public class RoomsOptions : ConnectionOptions() {
    /** The name that people see, of a guest; a token's own goes before it. Default: one that the server makes up. */
    public var name: String? = null

    /** Names this installation; one that runs twice at a time needs two. Default: made at random, and kept in [storage]. */
    public var device: String? = null

    /** What keeps device, guest and inbox position beyond the program. Default: memory. */
    public var storage: Storage = MemoryStorage()

    /** After so many milliseconds without an ack a call is made again. Default 10,000. */
    public var ackTimeoutMillis: Long = 10_000

    /**
     * Publishes and sends that may wait for an ack, together; and as many calls of [Room.history][dev.crossroom.rooms.Room.history]. Default 1,000;
     * one more fails with `too_many_pending`.
     */
    public var maxPending: Int = 1_000

    /** Messages or events that wait for a collector. Default 10,000; what comes then is read from the room's log when the collector comes to it. */
    public var maxLag: Int = 10_000

    internal fun check() {
        checkConnection()
        require(ackTimeoutMillis > 0) { "ackTimeoutMillis must be more than 0: $ackTimeoutMillis" }
        require(maxPending > 0) { "maxPending must be more than 0: $maxPending" }
        require(maxLag > 0) { "maxLag must be more than 0: $maxLag" }
    }

    internal var fixedToken: String? = null
    internal var tokenProvider: (suspend () -> String)? = null

    /** A JWT to connect with. Without a token one is a guest. */
    public fun token(token: String) {
        fixedToken = token
        tokenProvider = null
    }

    /**
     * A function that gets a JWT: asked at every connect, and before the token runs out. If it throws, it is asked again later; unless it
     * throws [NoMoreCredentials]: then the session ends.
     */
    public fun token(provider: suspend () -> String) {
        fixedToken = null
        tokenProvider = provider
    }

    /** The same for a function that may block; it runs on a thread for such. */
    public fun blockingToken(provider: Callable<String>) {
        token { runInterruptible(Dispatchers.IO) { provider.call() } }
    }
}
