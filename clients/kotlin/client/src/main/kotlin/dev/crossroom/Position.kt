package dev.crossroom

/** A place in a log: one value, of which neither half means anything without the other (docs/rooms-api.md, 5.1). */
public data class Position(public val epoch: String, public val offset: Long)
