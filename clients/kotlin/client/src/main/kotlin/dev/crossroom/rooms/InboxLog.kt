package dev.crossroom.rooms

import dev.crossroom.InboxItem
import dev.crossroom.Position

internal sealed class InboxEffect {
    data class Process(val item: InboxItem) : InboxEffect()

    /** Keep the position, so that it outlasts the program. */
    data class Keep(val position: Position) : InboxEffect()

    /** Tell the server; then call `acked` or `ackFailed`, unless the connection is lost before. */
    data class Ack(val position: Position) : InboxEffect()
}

/**
 * How far this device has processed its inbox: one item at a time, in order, each once. A state machine with no I/O: functions return what
 * is to be done, in order. docs/rooms-api.md, 9, is its rule.
 *
 * @param processed what was kept of an earlier run.
 */
internal class InboxLog(private var processed: Position?) {
    private val queue = ArrayDeque<InboxItem>()
    private var current: InboxItem? = null

    /** Of the last item that was taken into the queue: what is not after it has come before. */
    private var last = processed
    private var isOpen = false
    private var isAcking = false
    private var hasProcessor = false

    /** What the server has not been told yet. */
    private var due: Position? = null

    val cursor: Position? get() = processed

    /** The inbox is open on this connection, from the server's cursor on. */
    fun opened(cursor: Position): List<InboxEffect> {
        isOpen = true
        isAcking = false
        // The server has what was processed, by `since`; and where this device knows nothing, it begins at the cursor.
        val isBehind = !isReached(cursor, processed)
        if (isBehind) processed = cursor
        if (!isReached(cursor, last)) last = cursor
        // Processed elsewhere, under this device's name; or told in the words of a log that is gone.
        queue.removeAll { isReached(it.position, cursor) }
        if (due?.epoch != cursor.epoch) due = null
        return (if (isBehind) listOf(InboxEffect.Keep(cursor)) else emptyList()) + ack()
    }

    /** The connection is lost. What has come already is still processed. */
    fun away() {
        isOpen = false
    }

    fun received(item: InboxItem): List<InboxEffect> {
        if (isReached(item.position, last)) return emptyList()
        last = item.position
        queue.addLast(item)
        return process()
    }

    /** There is somebody to process items, or nobody any more: then the item in hand comes again. */
    fun processing(isPossible: Boolean): List<InboxEffect> {
        hasProcessor = isPossible
        if (!isPossible) putBack()
        return process()
    }

    /** The item in hand was processed. */
    fun done(): List<InboxEffect> {
        val position = current?.position ?: return emptyList()
        current = null
        processed = position
        due = position
        return listOf(InboxEffect.Keep(position)) + ack() + process()
    }

    /** The item in hand could not be processed; it comes again with [processing]. */
    fun failed() {
        putBack()
        hasProcessor = false
    }

    /** The server knows; or it does not want to. */
    fun acked(): List<InboxEffect> {
        isAcking = false
        return ack()
    }

    /** The position is still to be told: now, or with the next `opened`. */
    fun ackFailed(position: Position): List<InboxEffect> {
        if (due == null) due = position
        return acked()
    }

    private fun putBack() {
        current?.let(queue::addFirst)
        current = null
    }

    private fun process(): List<InboxEffect> {
        if (!hasProcessor || current != null) return emptyList()
        val next = queue.removeFirstOrNull() ?: return emptyList()
        current = next
        return listOf(InboxEffect.Process(next))
    }

    /** One ack at a time: what is processed meanwhile goes into the next one, which covers all before it. */
    private fun ack(): List<InboxEffect> {
        val position = due
        if (position == null || !isOpen || isAcking) return emptyList()
        due = null
        isAcking = true
        return listOf(InboxEffect.Ack(position))
    }
}

/** Whether `position` is not after `known`. Positions of another epoch are always new. */
private fun isReached(position: Position, known: Position?): Boolean =
    known != null && position.epoch == known.epoch && position.offset <= known.offset
