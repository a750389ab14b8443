package dev.crossroom

/**
 * A room was joined. `recovered` false: messages before `position` are lost to this device.
 *
 * @property history the newest messages up to `position`, where [Room.join][dev.crossroom.rooms.Room.join] was asked for them: they are not delivered
 * otherwise.
 */
public data class Joined
    @JvmOverloads
    constructor(
        public val recovered: Boolean,
        public val position: Position,
        public val history: History? = null,
    )
