package dev.crossroom.session

/** Times in milliseconds. */
internal data class LifecycleSettings(
    val backoff: Backoff,
    /** Attempts in a row that may fail before no other is made. */
    val maxAttempts: Int,
)
