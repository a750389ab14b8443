package dev.crossroom.session

import kotlin.math.min
import kotlin.math.roundToLong

/** Past this many doublings every delay is at its longest, whatever its settings. */
private const val MAX_DOUBLINGS = 30

/**
 * How long to wait before a connection is tried again, in milliseconds.
 *
 * @property min before the second attempt, [max] before any.
 * @property jitter from 0 to 1: by how much of itself a delay is shortened or lengthened at random.
 */
internal data class Backoff(val min: Long, val max: Long, val jitter: Double) {
    /** @param random from 0 up to 1. @param failures in a row before this delay, from 0. */
    fun delay(failures: Int, random: Double): Long {
        val whole = min(max.toDouble(), min.toDouble() * (1L shl min(failures, MAX_DOUBLINGS)))
        return (whole * (1 + jitter * (2 * random - 1))).roundToLong()
    }
}
