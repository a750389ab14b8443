package dev.crossroom

/** A connection of a user's in a room. `transport`: `bridge`, `websocket`, `polling`, `webtransport`, or what comes later. */
public data class Device(public val id: String, public val sid: String, public val transport: String)

/** A user in a room, with each of their devices there. */
public data class Member(public val user: String, public val name: String, public val devices: List<Device>)

/**
 * Who is in a room, as far as the server has told.
 *
 * @property byUser the members, or the first of many, in the order in which they came.
 * @property count how many there are in the server's count.
 */
public data class Members(public val byUser: Map<String, Member>, public val count: Int)
