package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.History
import dev.crossroom.Joined
import dev.crossroom.Members
import dev.crossroom.MembersPage
import dev.crossroom.Position
import dev.crossroom.Published
import dev.crossroom.RoomEvent
import dev.crossroom.RoomMessage
import dev.crossroom.RoomState
import dev.crossroom.RoomsOptions
import dev.crossroom.Value
import dev.crossroom.bridge.Callbacks
import dev.crossroom.bridge.Loop
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.mapNotNull

/** A room, as this device has it: got from [Rooms.room]. All may be called from any thread or coroutine. */
public class Room internal constructor(internal val core: RoomCore, internal val loop: Loop, internal val callbacks: Callbacks) {
    /** The room's name. */
    public val name: String get() = core.name

    /** How this device has the room now. */
    public val state: RoomState get() = core.state

    /** Whether [state] is [RoomState.JOINED]. */
    public val isJoined: Boolean get() = state == RoomState.JOINED

    /**
     * Of the last message that was given to the application, or where one joined; null before the first join. Never ahead of what a collector of
     * this room was given, be it stopped or slow, as long as its flow is held: what is kept of it is good for [join].
     */
    public val position: Position? get() = core.position

    /** Who is there; in a room of many how many are. */
    public val members: StateFlow<Members> get() = core.members.asStateFlow()

    /**
     * Joins, now or when connected, and again after each reconnect from where one was, until [leave]. What was missed is delivered before it
     * returns, but for a collector that is slow, who gets it at its own pace. While joined it returns where one is. A caller that is cancelled joins
     * nothing, unless another one has joined too.
     *
     * @param since a position that was kept: what came after it is delivered first. Default: from now on. While joined one goes back there: what
     *   came after it is delivered again.
     * @param history how many of the newest messages are wanted, 1 to 500: they are in the result, up to where the live ones begin, and not
     *   delivered as messages. With `since` they are there where something was lost. They hold for this join, not for those after a reconnect.
     * @throws CrossroomException what the server refuses it with: `forbidden`, `room_full`, ...; `aborted` where the room is left
     *   meanwhile; the reason of the session's end; `closed`.
     */
    public suspend fun join(since: Position? = null, history: Int? = null): Joined = loop.await(core::giveUp) { core.join(since, history, it) }

    /** Leaves. What waits fails with `aborted`, flows of [messages] complete. Returns when the server knows, or the connection is lost. */
    public suspend fun leave() {
        loop.await<Unit> { callback ->
            core.leave { callback.onSuccess(Unit) }
            Cancellable {}
        }
    }

    /**
     * Publishes: in the order of the calls, each tried until the server has kept it, over as many connections as it takes. A caller that is
     * cancelled gives it up; whether it was published is then not known.
     *
     * @param data what to publish: `json("text" to "Hello")`, or any other [Value].
     * @param id names the message among the user's in this room; the same id again gives the first result. Default: 128 random bits.
     * @throws CrossroomException what the server refuses for good: `not_joined`, `forbidden`, `message_too_large`, ...;
     *   `invalid_argument`, `too_many_pending`, `unconfirmed`, `aborted`, the reason of the session's end, `closed`.
     */
    public suspend fun publish(data: Value, id: String? = null): Published = loop.await { core.publish(data, id, it) }

    /** Publishes a string. */
    public suspend fun publish(text: String, id: String? = null): Published = publish(Value.Text(text), id)

    /**
     * Tells those who are there now: for typing, cursors and the like. Dropped where there is no connection.
     *
     * @throws CrossroomException `payload_too_large`, `invalid_argument`, `buffer_full`.
     */
    public suspend fun signal(data: Value) {
        loop.await<Unit> { callback ->
            core.signal(data) { error -> if (error == null) callback.onSuccess(Unit) else callback.onFailure(error) }
            Cancellable {}
        }
    }

    /**
     * Reads a page of the room's log: the newest messages, or the newest [before] a position, or the oldest [after] one. Not both.
     *
     * @param limit from 1 to 500. Default: 100.
     * @throws CrossroomException `unknown_position`, `not_joined`, `forbidden`, `too_many_pending`, the reason of the session's end, `closed`.
     */
    public suspend fun history(before: Position? = null, after: Position? = null, limit: Int? = null): History =
        loop.await { core.history(before, after, limit, it) }

    /**
     * Reads a page of those who are there, in the order in which they came: the first of them, or those [after] a user. It works in every room, be it
     * [counted][Members.isCounted] or not. Where that user has gone meanwhile, it begins with the first.
     *
     * @param limit from 1 to 500. Default: 100.
     * @throws CrossroomException `not_joined`, `forbidden`, `too_many_pending`, the reason of the session's end, `closed`.
     */
    public suspend fun listMembers(after: String? = null, limit: Int? = null): MembersPage = loop.await { core.listMembers(after, limit, it) }

    /**
     * All messages from this call on, each once and in the room's order. The subscription begins with this call and not with its
     * collection: call it before [join], and nothing that the join recovers is missed. It lasts as long as the flow is held or collected,
     * and is for one collector at a time: a later one goes on where an earlier one has stopped, and a second one fails with `in_use`. Up
     * to [RoomsOptions.maxLag] messages wait for their collector; what comes then is read from the room's log, at the collector's pace. Only where
     * that is not kept any more, it fails with `too_slow`. It completes when the room is left or the client closed, and fails with the
     * reason where that was not by one's own choice.
     */
    public fun messages(): Flow<RoomMessage> = subscribed { core.broadcast.subscribe(true).mapNotNull { (it as? RoomEvent.Message)?.message } }

    /**
     * All that happens in the room from this call on, joins and leaves alike, until the session ends; otherwise as [messages]. A collector that is
     * behind is told of what it cannot have any more by a [RoomEvent.Entered] that is not `recovered`, and misses signals and all but the
     * newest members.
     */
    public fun events(): Flow<RoomEvent> = subscribed { core.broadcast.subscribe(false) }

    private fun <T> subscribed(subscribe: () -> Flow<T>): Flow<T> = subscribe().also { loop.execute(core::endIfOver) }
}
