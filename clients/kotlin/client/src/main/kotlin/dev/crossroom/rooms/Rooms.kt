package dev.crossroom.rooms

import dev.crossroom.BridgeOptions
import dev.crossroom.CrossroomException
import dev.crossroom.InboxReceipt
import dev.crossroom.RoomsEvent
import dev.crossroom.RoomsOptions
import dev.crossroom.Self
import dev.crossroom.Sent
import dev.crossroom.TransportKind
import dev.crossroom.Value
import dev.crossroom.bridge.Bridge
import dev.crossroom.bridge.Callbacks
import dev.crossroom.bridge.Environment
import dev.crossroom.bridge.Loop
import dev.crossroom.bridge.RealEnvironment
import dev.crossroom.transport.Dialer
import dev.crossroom.transport.dialerOf
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import java.io.Closeable

/**
 * Rooms, presence, history and the inbox of a Crossroom server. It begins to connect when it is made, and comes back by itself until it is
 * closed. All may be called from any thread or coroutine.
 *
 * ```
 * val rooms = Rooms("http://localhost:3000") { name = "Ada" }
 * val lobby = rooms.room("lobby")
 * val messages = lobby.messages()
 * lobby.join()
 * lobby.publish(json("text" to "Hello"))
 * messages.collect { println("${it.from.name}: ${it.data["text"]?.text}") }
 * ```
 */
public class Rooms internal constructor(
    url: String,
    options: RoomsOptions,
    environment: Environment,
    dialer: (BridgeOptions) -> Dialer,
) : Closeable {
    /**
     * @param url of the server: `http`, `https`, `ws` or `wss`.
     * @throws IllegalArgumentException for another URL, and for options that make no sense.
     */
    @JvmOverloads
    public constructor(url: String, options: RoomsOptions = RoomsOptions()) :
        this(url, options, RealEnvironment(options.clock))

    private constructor(url: String, options: RoomsOptions, environment: Environment) :
        this(url, options, environment, { dialerOf(it, environment) })

    internal val core: RoomsCore = RoomsCore(url, options.also { it.check() }, environment, dialer)
    internal val loop: Loop = environment.loop
    internal val callbacks: Callbacks = Callbacks(options.callbackExecutor)
    private val handles = HashMap<String, Room>()

    /** Names this installation. */
    public val device: String get() = core.device

    /** Who one is, as the server said last; null before the first connect. */
    public val self: Self? get() = core.self

    /** Whether there is a connection now. */
    public val isConnected: Boolean get() = core.isUp

    /** What there is a connection over, which may change from [TransportKind.SSE] to [TransportKind.POLLING] within one; null while there is none. */
    public val transport: StateFlow<TransportKind?> = core.bridge.transport

    /** One's own inbox. */
    public val inbox: Inbox = Inbox(core.inbox, loop, callbacks)

    /** The room of this name: always the same one. Does not join it. */
    public fun room(name: String): Room = synchronized(handles) { handles.getOrPut(name) { Room(core.room(name), loop, callbacks) } }

    /**
     * Waits for a connection.
     *
     * @throws CrossroomException the reason of the session's end; `closed`.
     */
    public suspend fun ready(): Self = loop.await(core::ready)

    /**
     * Sends to a user's inbox, whether they are connected or not; tried until the server has kept it, and in the order of the calls for
     * each recipient.
     *
     * @param to the user's id.
     * @param receipt whether an [InboxReceipt] is wanted in one's own inbox, once they have processed it.
     * @param id as in [Room.publish].
     * @throws CrossroomException `inbox_full`, and those of [Room.publish].
     */
    public suspend fun send(to: String, data: Value, receipt: Boolean = false, id: String? = null): Sent =
        loop.await { core.send(to, data, id, receipt, it) }

    /** What happens to the session from this call on, for one collector; it completes at the session's end. As [Room.events] otherwise. */
    public fun events(): Flow<RoomsEvent> = core.events.subscribe().also { loop.execute(core::endIfOver) }

    /** The network is another one: see [Bridge.networkChanged]. */
    public fun networkChanged(): Unit = loop.execute(core::networkChanged)

    /** The application goes to the background: the connection is closed until [foreground]. Rooms and collectors stay. */
    public fun background(): Unit = core.bridge.background()

    /** The application comes back: the connection is made at once, rooms are joined again, and what was missed is delivered. */
    public fun foreground(): Unit = loop.execute(core::foreground)

    /**
     * Waits until what was accepted has left: publishes and sends have their outcome, signals are handed to the system.
     *
     * @return how many have not after `timeoutMillis`, or at the session's end; 0 where all have.
     */
    public suspend fun flush(timeoutMillis: Long): Int = loop.await { core.flush(timeoutMillis, it) }

    /** [flush], and then [close]: what has not left fails with `closed`. Closes also where the caller is cancelled. */
    public suspend fun close(timeoutMillis: Long): Int =
        try {
            flush(timeoutMillis)
        } finally {
            close()
        }

    /** Leaves everything and disconnects, without waiting. What waits fails with `closed`, flows complete. May be called twice. See [awaitClosed]. */
    override fun close(): Unit = loop.execute(core::close)

    /** Waits until nothing of the client is left after [close], or after the session's end: no socket, no thread, no timer. */
    public suspend fun awaitClosed(): Unit = core.bridge.awaitClosed()
}

/** Rooms with settings: `Rooms("http://localhost:3000") { name = "Ada" }`. */
public inline fun Rooms(url: String, configure: RoomsOptions.() -> Unit): Rooms = Rooms(url, RoomsOptions().apply(configure))
