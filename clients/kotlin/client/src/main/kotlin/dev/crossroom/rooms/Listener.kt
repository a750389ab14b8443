package dev.crossroom.rooms

import dev.crossroom.ConnectionOptions

/**
 * Told of what happens: for Java. Called one at a time and in order: on the [ConnectionOptions.callbackExecutor]; or, where there is none, on a
 * thread of the client's, where it must not block. What it throws goes to its thread's handler of uncaught exceptions.
 */
public fun interface Listener<in T> {
    /** It happened. */
    public fun onEvent(event: T)
}
