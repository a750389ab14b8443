package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import kotlin.math.max
import kotlin.math.min

private const val FIRST = 500L
private const val LONGEST = 10_000L

/** Past this many doublings every delay is at its longest. */
private const val MAX_DOUBLINGS = 10

/**
 * Milliseconds before the try that follows `failures` (1 or more) in a row: doubled each time, and from half of that up to the whole by
 * `random` (from 0 up to 1), so that clients that failed together do not come back together.
 */
internal fun retryDelay(failures: Int, random: Double): Long {
    val whole = min(FIRST shl min(max(failures - 1, 0), MAX_DOUBLINGS), LONGEST)
    return (whole * (0.5 + random / 2)).toLong()
}

/** The same after an error: not before the server has said. */
internal fun retryDelay(failures: Int, random: Double, error: CrossroomException): Long =
    max(retryDelay(failures, random), error.retryAfterMillis ?: 0)
