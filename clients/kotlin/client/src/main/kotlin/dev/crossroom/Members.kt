package dev.crossroom

/** A connection of a user's in a room. `transport`: `bridge`, `websocket`, `polling`, `webtransport`, or what comes later. */
public data class Device(public val id: String, public val sid: String, public val transport: String)

/** A user in a room, with each of their devices there. */
public data class Member(public val user: String, public val name: String, public val devices: List<Device>)

/**
 * Who is in a room, as far as the server has told.
 *
 * @property byUser the members, in the order in which they came: all of them, or, where the room [isCounted], none.
 * @property count how many there are, in the server's count.
 * @property isCounted whether there are so many that the server tells their number alone:
 * [Room.listMembers][dev.crossroom.rooms.Room.listMembers] has who they are.
 */
public data class Members(public val byUser: Map<String, Member>, public val count: Int, public val isCounted: Boolean)

/** A page of a room's members, in the order in which they came. `count`: how many there are in all; `more`: whether there are more after these. */
public data class MembersPage(public val members: List<Member>, public val count: Int, public val more: Boolean)
