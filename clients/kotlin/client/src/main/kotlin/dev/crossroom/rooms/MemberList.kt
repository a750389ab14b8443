package dev.crossroom.rooms

import dev.crossroom.Member
import dev.crossroom.Members
import kotlin.math.max

/** Who is in a room, as far as the server has told (docs/rooms-api.md, 8). Pure: what is returned is a picture of a moment. */
internal class MemberList {
    var now = Members(emptyMap(), 0)
        private set

    fun reset(members: List<Member>, count: Int): Members {
        now = Members(members.associateByTo(LinkedHashMap()) { it.user }, count)
        return now
    }

    fun change(change: PresenceChange): Members {
        val next = LinkedHashMap(now.byUser)
        val user = change.member.user
        var count = now.count
        when (change.type) {
            "leave" -> {
                next.remove(user)
                // Where only the first of many are known, a stranger may leave.
                count--
            }
            "join" -> {
                if (user !in next) count++
                next[user] = change.member
            }
            // Of a stranger an update tells some devices only: no row can be made of them.
            else -> next[user]?.let { next[user] = updated(it, change) }
        }
        now = Members(next, max(count, next.size))
        return now
    }

    private fun updated(known: Member, change: PresenceChange): Member {
        val devices = known.devices.associateByTo(LinkedHashMap()) { it.id }
        change.member.devices.associateByTo(devices) { it.id }
        devices.keys.removeAll(change.gone.toSet())
        return Member(known.user, change.member.name, devices.values.toList())
    }
}
