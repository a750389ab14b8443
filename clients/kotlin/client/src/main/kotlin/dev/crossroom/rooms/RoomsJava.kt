package dev.crossroom.rooms

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.History
import dev.crossroom.InboxItem
import dev.crossroom.Joined
import dev.crossroom.MembersPage
import dev.crossroom.Position
import dev.crossroom.Published
import dev.crossroom.RoomEvent
import dev.crossroom.RoomsEvent
import dev.crossroom.Self
import dev.crossroom.Sent
import dev.crossroom.Value
import dev.crossroom.callback
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * The rooms layer for Java, with callbacks instead of coroutines: `RoomsJava.join(room, null, callback)`. (Callbacks, as `CompletableFuture` is not
 * there before Android 7.) What each call does and fails with is said at the function of the same name in [Rooms], [Room] and [Inbox].
 */
public object RoomsJava {
    /** [Rooms.ready]. */
    @JvmStatic
    public fun ready(rooms: Rooms, callback: Callback<Self>): Cancellable = rooms.loop.start { rooms.core.ready(rooms.callbacks.of(callback)) }

    /** [Rooms.send]. */
    @JvmStatic
    public fun send(rooms: Rooms, to: String, data: Value, receipt: Boolean, callback: Callback<Sent>): Cancellable =
        rooms.loop.start { rooms.core.send(to, data, null, receipt, rooms.callbacks.of(callback)) }

    /** Has what happens to the session told to a listener, from now on. */
    @JvmStatic
    public fun listen(rooms: Rooms, listener: Listener<RoomsEvent>): Cancellable =
        rooms.callbacks.listen({ rooms.events() }, { rooms.core.events.listen(listener::onEvent) }) { listener.onEvent(it) }

    /** [Rooms.flush]. */
    @JvmStatic
    public fun flush(rooms: Rooms, timeoutMillis: Long, callback: Callback<Int>): Cancellable =
        rooms.loop.start { rooms.core.flush(timeoutMillis, rooms.callbacks.of(callback)) }

    /** [Rooms.close] with a time-out. */
    @JvmStatic
    public fun close(rooms: Rooms, timeoutMillis: Long, callback: Callback<Int>) {
        val called = rooms.callbacks.of(callback)
        rooms.loop.execute {
            rooms.core.flush(
                timeoutMillis,
                callback({ left ->
                    rooms.core.close()
                    called.onSuccess(left)
                }, { called.onFailure(it) }),
            )
        }
    }

    /** [Room.join]. `since`: null for from now on. */
    @JvmStatic
    public fun join(room: Room, since: Position?, callback: Callback<Joined>): Cancellable = join(room, since, null, callback)

    /** [Room.join]. `since`: null for from now on; `history`: null for none. */
    @JvmStatic
    public fun join(room: Room, since: Position?, history: Int?, callback: Callback<Joined>): Cancellable =
        room.loop.start { room.core.join(since, history, room.callbacks.of(callback)) }

    /** [Room.leave]. */
    @JvmStatic
    public fun leave(room: Room, callback: Callback<Any?>): Unit =
        room.loop.execute { room.core.leave { room.callbacks.run { callback.onSuccess(null) } } }

    /** [Room.publish]. `id`: null for one at random. */
    @JvmStatic
    public fun publish(room: Room, data: Value, id: String?, callback: Callback<Published>): Cancellable =
        room.loop.start { room.core.publish(data, id, room.callbacks.of(callback)) }

    /** [Room.signal]. */
    @JvmStatic
    public fun signal(room: Room, data: Value, callback: Callback<Any?>): Unit =
        room.loop.execute {
            room.core.signal(data) { room.callbacks.run { if (it == null) callback.onSuccess(null) else callback.onFailure(it) } }
        }

    /** [Room.history]. Any but `room` and `callback` may be null. */
    @JvmStatic
    public fun history(room: Room, before: Position?, after: Position?, limit: Int?, callback: Callback<History>): Cancellable =
        room.loop.start { room.core.history(before, after, limit, room.callbacks.of(callback)) }

    /** [Room.listMembers]. `after` and `limit` may be null. */
    @JvmStatic
    public fun listMembers(room: Room, after: String?, limit: Int?, callback: Callback<MembersPage>): Cancellable =
        room.loop.start { room.core.listMembers(after, limit, room.callbacks.of(callback)) }

    /** Has what happens in the room told to a listener, from now on: messages, presence and the like. */
    @JvmStatic
    public fun listen(room: Room, listener: Listener<RoomEvent>): Cancellable =
        room.callbacks.listen({ room.events() }, { room.core.broadcast.listen(listener::onEvent) }) { listener.onEvent(it) }

    /** [Inbox.process]: the result is how many items wait. */
    @JvmStatic
    public fun process(inbox: Inbox, processor: ItemProcessor, callback: Callback<Long>): Cancellable =
        inbox.loop.start { inbox.core.process({ item -> processed(processor, item) }, inbox.callbacks.of(callback)) }

    private suspend fun processed(processor: ItemProcessor, item: InboxItem): Unit =
        suspendCancellableCoroutine { continuation ->
            processor.process(
                item,
                callback({ if (continuation.isActive) continuation.resume(Unit) }, { error ->
                    if (continuation.isActive) continuation.resumeWithException(error)
                }),
            )
        }
}
