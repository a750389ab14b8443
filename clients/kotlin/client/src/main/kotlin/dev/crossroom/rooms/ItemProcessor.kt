package dev.crossroom.rooms

import dev.crossroom.Callback
import dev.crossroom.InboxItem

/** Processes items of the inbox: for Java. */
public fun interface ItemProcessor {
    /** Processes one item, and then calls one of the functions of `done`: with a failure the item comes again. */
    public fun process(item: InboxItem, done: Callback<Any?>)
}
