package dev.crossroom.bridge

import dev.crossroom.CrossroomException
import dev.crossroom.session.Backoff

/** What a connection is made with. Times in milliseconds. */
internal class ConnectionSettings(
    val url: String,
    val headers: suspend () -> Map<String, String>,
    val backoff: Backoff,
    val maxAttempts: Int,
    val dialTimeout: Long,
    val maxUntaken: Int,
    val warn: (CrossroomException) -> Unit,
)
