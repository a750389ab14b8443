package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.InboxItem
import dev.crossroom.Position
import dev.crossroom.bridge.Callbacks
import dev.crossroom.bridge.Loop

/** One's own inbox: what others have sent to this user, whether they were connected or not. All may be called from any thread or coroutine. */
public class Inbox internal constructor(internal val core: InboxCore, internal val loop: Loop, internal val callbacks: Callbacks) {
    /** Up to where this device has processed it; null before it was open. */
    public val cursor: Position? get() = core.cursor

    /**
     * Opens the inbox with the function that processes an item, and returns when it is open: now, or when connected. Items come one at a
     * time, in order, over all reconnects: each at least once, and again only where the program ended between processing it and keeping its position;
     * its `id` tells a repeat. An item is processed when the function returns: its position is kept in the storage, and then acked. If the function
     * throws, the item comes again after a pause, and the error is a warning. There is one function at a time; see [stop].
     *
     * @return how many items wait.
     * @throws CrossroomException `in_use`, what the server refuses it with, the reason of the session's end, `closed`.
     */
    public suspend fun process(processor: suspend (InboxItem) -> Unit): Long = loop.await { core.process(processor, it) }

    /** No item is given to the function any more. The one in hand is cancelled, and counts as not processed. */
    public fun stop(): Unit = loop.execute(core::stop)
}
