package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.Joined
import dev.crossroom.Position
import dev.crossroom.RoomEvent
import dev.crossroom.RoomMessage
import dev.crossroom.bridge.Mailbox
import dev.crossroom.ownError
import kotlinx.coroutines.flow.Flow
import java.lang.ref.WeakReference

/**
 * What one collector has of a room, and what waits for it: up to `maxLag` events. Past that it is _behind_: what comes is not kept, but read from the
 * room's log when the collector has taken half of what waits, at the collector's own pace (docs/sdk.md, 4.10). Changed in the loop alone; but
 * what says otherwise may be used from any thread.
 *
 * @param onlyMessages whether signals, presence and the like are not told.
 * @param drained called, on the collector's thread, when it is behind and has room again.
 */
internal class RoomSubscription(private val maxLag: Int, private val onlyMessages: Boolean, private val drained: (RoomSubscription) -> Unit) {
    /** The flow holds the mailbox: where the application has let go of it, nobody can collect what would be put in. */
    private var mailbox = WeakReference<Mailbox<RoomEvent>>(null)

    /** While it is collected: nobody else may hold a coroutine that waits. */
    @Volatile private var collected: Mailbox<RoomEvent>? = null

    /** Of the last message that was put in, or where it joined. */
    var last: Position? = null
        private set

    /** Of the last message that the collector was given. May be read from any thread. */
    @Volatile
    var given: Position? = null
        private set

    /** Whether there is something after [last] that was not put in. */
    @Volatile
    var isBehind = false
        private set

    /** Whether nothing more is told. May be read from any thread. */
    @Volatile
    var isEnded = false
        private set

    /** Whether the log is being read for it, or will be after a pause. */
    var isReading = false

    /** Readings in a row that failed, or brought nothing. */
    var failures = 0
    private var missedPresence = false

    /** The flow to be collected: asked for once, first of all. */
    fun open(): Flow<RoomEvent> {
        val opened = Mailbox(maxLag + RESERVE, ::taken)
        mailbox = WeakReference(opened)
        return opened.asFlow({ collected = opened }, { collected = null })
    }

    /** Whether nobody can collect it any more. */
    val isGone: Boolean get() = mailbox.get() == null

    /** Whether there is room for what is read from the log. */
    val hasRoom: Boolean get() = (mailbox.get()?.size ?: 0) <= maxLag / 2

    /** Whether the collector was given all that is there. May be read from any thread. */
    val isIdle: Boolean get() = !isBehind && (mailbox.get()?.size ?: 0) == 0

    fun emit(event: RoomEvent) {
        if (isEnded) return
        when (event) {
            is RoomEvent.Message -> message(event)
            is RoomEvent.Entered -> entered(event)
            is RoomEvent.Left -> if (!onlyMessages) offer(event)
            else -> if (!onlyMessages) passing(event)
        }
    }

    /** Messages of the log, after [last]. Whether any was the next one. */
    fun read(messages: List<RoomMessage>): Boolean {
        var isFed = false
        for (message in messages) {
            if (!isNext(message.position)) break
            last = message.position
            offer(RoomEvent.Message(message))
            isFed = true
        }
        return isFed
    }

    /** It has all up to `tip`, or more: what comes is put in again. Whether it missed a change of presence. */
    fun catchUp(tip: Position): Boolean {
        val at = last ?: return false
        if (at.epoch != tip.epoch || at.offset < tip.offset) return false
        isBehind = false
        return missedPresence.also { missedPresence = false }
    }

    /** What it missed, up to `tip`, cannot be had any more: its collector is told, or fails. */
    fun lose(tip: Position?) {
        if (!isBehind) return
        isBehind = false
        last = tip
        if (onlyMessages || tip == null) end(ownError(ErrorCode.TOO_SLOW)) else offer(RoomEvent.Entered(Joined(false, tip)))
    }

    /** The application goes to this position: what waits is told again from there, as far as it is after it. */
    fun goTo(position: Position) {
        mailbox.get()?.retain { it !is RoomEvent.Message && it !is RoomEvent.Entered }
        last = position
        given = position
        isBehind = false
    }

    /** A stay in the room begins: after `since`, or with whatever comes. */
    fun begin(since: Position?) {
        if (since != null) return goTo(since)
        last = null
        isBehind = false
    }

    /**
     * The room is left: by the application's choice, or with an error. What was missed is lost with the first; after the second the application may
     * join again, after the message that it was given last.
     */
    fun leave(tip: Position?, error: CrossroomException?) {
        if (error == null) lose(tip)
        last = null
        if (onlyMessages) end(error)
    }

    /** Nothing more is told. What waits is still collected. */
    fun end(error: CrossroomException?) {
        isEnded = true
        mailbox.get()?.end(error)
    }

    private fun message(event: RoomEvent.Message) {
        val position = event.message.position
        val at = last
        if (at == null) beginAt(Position(position.epoch, position.offset - 1))
        // It has read further than the room has heard.
        if (at != null && at.epoch == position.epoch && position.offset <= at.offset) return
        if (isBehind) return
        if (isFull() || !isNext(position)) return fallBehind()
        last = position
        offer(event)
    }

    private fun entered(event: RoomEvent.Entered) {
        if (last == null) beginAt(event.joined.position)
        // One that is behind finds out for itself what it can have.
        if (isBehind) return
        if (isFull()) {
            if (!event.joined.recovered) fallBehind()
            return
        }
        if (!event.joined.recovered) last = event.joined.position
        offer(event)
    }

    private fun passing(event: RoomEvent) {
        if (!isBehind && !isFull()) return offer(event)
        if (event is RoomEvent.Presence) missedPresence = true
    }

    private fun isNext(position: Position): Boolean {
        val at = last ?: return false
        return position.epoch == at.epoch && position.offset == at.offset + 1
    }

    private fun beginAt(position: Position) {
        last = position
        if (given == null || isIdle) given = position
    }

    private fun fallBehind() {
        isBehind = true
        // Its collector may have taken all of it just now.
        if (hasRoom) drained(this)
    }

    private fun isFull() = (mailbox.get()?.size ?: 0) >= maxLag

    private fun offer(event: RoomEvent) {
        mailbox.get()?.offer(event)
    }

    private fun taken(event: RoomEvent) {
        if (event is RoomEvent.Message) given = event.message.position
        if (event is RoomEvent.Entered) given = event.joined.position
        if (isBehind && hasRoom) drained(this)
    }

    private companion object {
        /** A page of the log, and what is told in any case, beyond `maxLag`. */
        const val RESERVE = 600
    }
}
