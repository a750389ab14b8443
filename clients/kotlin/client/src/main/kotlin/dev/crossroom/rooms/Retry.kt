package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import kotlin.math.max
import kotlin.math.min

private const val FIRST = 500L
private const val LONGEST = 10_000L

/** Past this many doublings every delay is at its longest. */
private const val MAX_DOUBLINGS = 10

/** Readings of the log in a row that brought nothing, after which one more whose answer is none is the last. */
private const val MAX_BAD_PAGES = 5

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

/** Whether what nobody waits for is asked for again: a server may talk nonsense for once (docs/sdk.md, 4.1). */
internal val CrossroomException.mayPass: Boolean get() = retryable || code == ErrorCode.BAD_ANSWER

/** The same of the log, after `failures` readings in a row that brought nothing. */
internal fun CrossroomException.mayBeReadAgain(failures: Int): Boolean = retryable || (code == ErrorCode.BAD_ANSWER && failures < MAX_BAD_PAGES)
