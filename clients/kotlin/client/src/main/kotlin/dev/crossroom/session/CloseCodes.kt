package dev.crossroom.session

/** Codes whose rule is not the rule of their range (PROTOCOL.md, 8). */
private val FINAL_CODES = setOf(1000, 1002, 1007, 1008, 1009)

/** HTTP statuses of a refused upgrade after which a client must not retry by itself (PROTOCOL.md, 1.4). */
private val FINAL_STATUSES = setOf(400, 401, 403)

/** Whether a client reconnects by itself after a WebSocket close with this code. */
internal fun shouldReconnect(code: Int): Boolean = code !in FINAL_CODES && code !in 4000..4499

/** Whether an upgrade that was refused with this HTTP status may be tried again; null where there was no answer. */
internal fun mayRetryUpgrade(status: Int?): Boolean = status == null || status !in FINAL_STATUSES
