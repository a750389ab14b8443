package dev.crossroom.rooms

import dev.crossroom.Callback
import dev.crossroom.CrossroomException
import dev.crossroom.Joined
import dev.crossroom.Members
import dev.crossroom.MembersPage
import dev.crossroom.RoomEvent
import dev.crossroom.RoomState
import dev.crossroom.support.RecordingCallback
import dev.crossroom.support.jsonOf
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Test

/** Who is in a room, by names or by their number (docs/rooms-api.md, 8). */
internal class PresenceTest : RoomsTestCase() {
    private fun member(user: String) = "{'user':'$user','name':'N','devices':[{'id':'d','sid':'s','transport':'bridge'}]}"

    private fun gone(user: String) = "{'type':'leave','member':{'user':'$user','name':'N','devices':[]}}"

    private fun come(user: String) = "{'type':'join','member':${member(user)}}"

    private fun presence(count: Int, more: String = "") = event("presence", jsonOf("{'room':'r','count':$count$more}"))

    private fun word(members: Members): String = (if (members.isCounted) "counted" else "${members.byUser.keys}") + " ${members.count}"

    private fun Rooms.presences(): List<String> = collected(room("r").events()) { event -> (event as? RoomEvent.Presence)?.let { word(it.members) } }

    private fun Rooms.listMembers(after: String?, limit: Int?): RecordingCallback<MembersPage> =
        RecordingCallback<MembersPage>().also { RoomsJava.listMembers(room("r"), after, limit, it) }

    @Test
    fun `is told once of all that an event says, one's own coming too`() {
        val rooms = rooms()
        val recorded = rooms.presences()
        rooms.joinedAt(0)
        presence(2, ",'changes':[${come("ada")},${come("ben")},${come("cleo")},${gone("ben")}]")
        assertEquals(listOf("[] 0", "[ada, cleo] 2"), recorded)
        assertEquals("[ada, cleo] 2", word(rooms.room("r").members.value))
    }

    @Test
    fun `knows the members when the join is done`() {
        val room = rooms().room("r")
        val seen = ArrayList<String>()
        val join =
            object : Callback<Joined> {
                override fun onSuccess(result: Joined) {
                    seen += word(room.members.value)
                }

                override fun onFailure(error: CrossroomException) {
                    seen += error.code.value
                }
            }
        RoomsJava.join(room, null, join)
        welcome()
        ack(called("join", "{'room':'r'}"), "{'ok':true,'room':'r','position':${at(0)},'members':[${member("ada")}],'count':1}")
        assertEquals(listOf("[ada] 1"), seen)
    }

    @Test
    fun `knows the number alone of a room that is counted, and all names when it is named again`() {
        val rooms = rooms()
        val recorded = rooms.presences()
        RoomsJava.join(rooms.room("r"), null, RecordingCallback())
        welcome()
        ack(called("join", "{'room':'r'}"), "{'ok':true,'room':'r','position':${at(0)},'count':201,'maxNames':200}")
        presence(202)
        presence(1, ",'members':[${member("ada")}]")
        presence(300)
        assertEquals(listOf("counted 201", "counted 202", "[ada] 1", "counted 300"), recorded)
    }

    @Test
    fun `joins again where the last change of its own user is a leave, and not where it came back`() {
        val rooms = rooms().joinedAt(0)
        presence(1, ",'changes':[${gone("ada")},${come("ada")},${gone("ben")}]")
        assertNull(server.nextOrNull())
        presence(300)
        val recorded = rooms.presences()
        presence(299, ",'changes':[${come("ada")},${gone("ada")},${come("ben")}]")
        assertEquals(RoomState.RECOVERING, rooms.room("r").state)
        ack(called("join", "{'room':'r','since':${at(0)}}"), refusal("forbidden"))
        assertEquals(RoomState.DETACHED, rooms.room("r").state)
        assertEquals(emptyList<String>(), recorded)
    }

    @Test
    fun `warns of presence that cannot be read, and takes nothing of it`() {
        val rooms = rooms()
        val recorded = rooms.presences()
        val session = rooms.sessionEvents()
        rooms.joinedAt(0)
        val malformed =
            listOf(
                ",'changes':null",
                ",'changes':{}",
                ",'changes':[${come("ada")},null]",
                ",'changes':[${come("ada")},{'type':'dance','member':${member("ben")}}]",
                ",'changes':[{'type':'update','member':${member("ben")},'gone':7}]",
                ",'changes':[{'type':'update','member':${member("ben")},'gone':[7]}]",
                ",'changes':[{'type':'leave'}]",
                ",'members':null",
                ",'members':7",
                ",'members':[${member("ada")},{'user':7}]",
            )
        for (more in malformed) presence(1, more)
        for (count in listOf("null", "-1", "'1'", "0.5")) event("presence", jsonOf("{'room':'r','count':$count}"))
        event("presence", jsonOf("{'room':'r','changes':[]}"))
        assertEquals(listOf("connected") + List(malformed.size + 5) { "warning: bad_answer" }, session)
        assertEquals(listOf("[] 0"), recorded)
    }

    @Test
    fun `reads a page of the members, over a lost connection and an error that may pass`() {
        val rooms = rooms().joinedAt(0)
        val first = rooms.listMembers(null, null)
        ack(called("presence", "{'room':'r'}"), "{'ok':true,'room':'r','members':[${member("ada")}],'count':2,'more':true}")
        assertEquals(listOf("ada"), first.result?.members?.map { it.user })
        assertEquals(2 to true, first.result?.count to first.result?.more)

        val next = rooms.listMembers("ada", 50)
        called("presence", "{'room':'r','after':'ada','limit':50}")
        reconnect()
        ack(called("join", "{'room':'r','since':${at(0)}}"), joined(0, ",'recovered':true,'messages':[]"))
        ack(called("presence", "{'room':'r','after':'ada','limit':50}"), refusal("overloaded", retryable = true))
        environment.pass(10_000)
        ack(called("presence", "{'room':'r','after':'ada','limit':50}"), "{'ok':true,'room':'r','members':[],'count':1,'more':false}")
        assertEquals(listOf("ok: MembersPage(members=[], count=1, more=false)"), next.outcomes)
    }

    @Test
    fun `fails a page that is refused for good, cannot be read, or is asked for after the end`() {
        val rooms = rooms().joinedAt(0)
        val outcomes =
            listOf(refusal("forbidden"), "{'ok':true}", "{'ok':true,'members':[{'user':7}],'count':1,'more':false}").flatMap { answer ->
                rooms.listMembers(null, 10).also { ack(called("presence", "{'room':'r','limit':10}"), answer) }.outcomes
            }
        rooms.close()
        assertEquals(listOf("forbidden", "bad_answer", "bad_answer", "closed"), outcomes + rooms.listMembers(null, 10).outcomes)
    }
}
