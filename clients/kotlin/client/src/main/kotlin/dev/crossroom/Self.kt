package dev.crossroom

/** Who one is. `expiresAt`: when the token runs out, in milliseconds since the Unix epoch; null where it does not. */
public data class Self(
    public val user: String,
    public val name: String,
    public val sid: String,
    public val device: String,
    public val isGuest: Boolean,
    public val expiresAt: Long?,
)
