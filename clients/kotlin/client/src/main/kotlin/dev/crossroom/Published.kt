package dev.crossroom

/** A message was kept by the server. `at`: milliseconds since the Unix epoch, by its clock. */
public data class Published(public val id: String, public val position: Position, public val at: Long)

/** A message is in the recipient's inbox. `at`: milliseconds since the Unix epoch, by the server's clock. */
public data class Sent(public val id: String, public val at: Long)
