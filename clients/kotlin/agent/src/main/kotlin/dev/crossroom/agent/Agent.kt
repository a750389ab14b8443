package dev.crossroom.agent

import dev.crossroom.Value

/** What a client of either layer can do. */
interface Agent {
    /** Does the command; what it returns is the answer's `value`. */
    suspend fun perform(command: Value): Any?

    /** How many that were accepted have not left in time. */
    suspend fun flush(timeout: Long): Int

    /** Closes the client, and waits until nothing of it is left. With a time-out it flushes before: how many have not left. */
    suspend fun close(timeout: Long? = null): Int?
}
