package dev.crossroom.bridge

import dev.crossroom.BridgeOptions
import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.ConnectionOptions
import dev.crossroom.CrossroomException
import dev.crossroom.Value
import dev.crossroom.guard
import kotlinx.coroutines.flow.Flow

/**
 * A namespace of a Socket.IO server, on the connection of its [Bridge]. All may be called from any thread or coroutine; a call that is
 * cancelled has no effect any more, unless it has left already.
 */
public class Namespace internal constructor(private val core: NamespaceCore, private val loop: Loop, private val callbacks: Callbacks) {
    /** As it was asked for: `/`, or `/admin` and the like. */
    public val name: String get() = core.name

    /** The server's id of this socket; null while it is not connected. */
    public val sid: String? get() = core.sid

    /** Whether it is connected now. */
    public val isConnected: Boolean get() = sid != null

    /**
     * What happens in this namespace, in order, from its making on: for one collector at a time, a later one going on where an earlier one
     * has stopped. What nobody has collected yet waits. Past
     * [BridgeOptions.maxUntakenEvents] nothing more is read from the connection, acks neither: collect it, or let [listen] have it. It
     * completes when the bridge is closed.
     */
    public val events: Flow<NamespaceEvent> get() = core.inflow.asFlow()

    /**
     * Connects, and stays connected until [disconnect], the server's word or the end of the bridge. A network that is not there is waited for;
     * a caller that is cancelled gives up a connect that was never answered.
     *
     * @return the server's id of this socket.
     * @throws CrossroomException `connect_error` where the server refuses it; `refused` where it refuses or closes the connection for
     *   good; `unauthorized` where there are no more credentials; `disconnected` after `maxAttempts`; `closed`.
     */
    public suspend fun connect(): String = loop.await(core::connect)

    /** The same with a callback. */
    public fun connect(callback: Callback<String>): Cancellable = loop.start { core.connect(callbacks.of(callback)) }

    /**
     * Sends an event. Returns when it is taken: it leaves now, or when the namespace is connected.
     *
     * @throws CrossroomException `buffer_full`, `payload_too_large`, `invalid_argument`, `reserved_event`, `closed`.
     */
    public suspend fun emit(name: String, vararg args: Value) {
        val list = args.asList()
        loop.await<Unit> { callback ->
            core.emit(name, list, callback)
            Cancellable {}
        }
    }

    /** The same with a callback. */
    public fun emit(name: String, args: List<Value>, callback: Callback<Unit>): Unit = loop.execute { core.emit(name, args, callbacks.of(callback)) }

    /**
     * Sends an event that wants an ack, now or when the namespace is connected, and waits for it.
     *
     * @param timeoutMillis default: [BridgeOptions.callTimeoutMillis]. An event that still waits for the connection then is not sent any more.
     * @return the ack's arguments.
     * @throws CrossroomException `timeout`, `disconnected`, the code of the server's `error` frame, and those of [emit].
     */
    public suspend fun call(name: String, vararg args: Value, timeoutMillis: Long = core.callTimeout): List<Value> {
        val list = args.asList()
        return loop.await { core.call(name, list, timeoutMillis, it) }
    }

    /** The same with a callback. */
    public fun call(name: String, args: List<Value>, timeoutMillis: Long, callback: Callback<List<Value>>): Cancellable =
        loop.start { core.call(name, args, timeoutMillis, callbacks.of(callback)) }

    /**
     * Leaves the namespace, after what was emitted before; what is emitted later waits for the next [connect]. Without another namespace the
     * connection is closed.
     */
    public fun disconnect(): Unit = loop.execute(core::disconnect)

    /**
     * Has what happens told to a listener instead of [events], from now on. It is called one at a time and in order, acks among them, on a
     * thread of the client's: while it blocks, nothing goes on. With a [ConnectionOptions.callbackExecutor] it is called there, as a collector of
     * [events], and may block. What it throws goes to its thread's handler of uncaught exceptions.
     */
    public fun listen(listener: NamespaceListener) {
        callbacks.listen({ events }, { direct(listener) }) { listener.onEvent(it) }
    }

    private fun direct(listener: NamespaceListener): Cancellable {
        loop.execute { core.listen { event -> guard { listener.onEvent(event) } } }
        return Cancellable {}
    }
}
