package dev.crossroom

import dev.crossroom.bridge.Bridge
import dev.crossroom.bridge.NamespaceEvent
import dev.crossroom.rooms.Room
import dev.crossroom.rooms.Rooms
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** The examples of README.md: they are compiled here, and a test compares them. */
@Suppress("unused", "UNUSED_VARIABLE")
private object ReadmeExamples {
    private fun show(message: RoomMessage) = println("${message.from.name}: ${message.data["text"]?.text}")

    suspend fun room(rooms: Rooms) =
        coroutineScope {
            val lobby = rooms.room("lobby")
            val messages = lobby.messages() // the subscription begins here, not where it is collected
            launch { lobby.members.collect { println("${it.count} are here") } }

            val past = lobby.join(history = 20).history?.messages.orEmpty() // the newest, up to where the live ones begin
            past.forEach(::show)
            launch { messages.collect(::show) } // what comes after the last of them, and none of them again
            val older = lobby.history(before = past.firstOrNull()?.position, limit = 20)

            lobby.publish(json("text" to "Hello", "photo" to byteArrayOf(1, 2, 3)))
            lobby.signal(json("typing" to true))
            val first = lobby.listMembers(limit = 50) // who is there, by page, in a room of any size
        }

    suspend fun events(room: Room) {
        room.events().collect { event ->
            when (event) {
                is RoomEvent.Message -> println(event.message.data)
                is RoomEvent.Entered -> if (!event.joined.recovered) println("some messages are lost")
                is RoomEvent.Left -> println("out: ${event.error.code}")
                else -> {} // more kinds may come
            }
        }
    }

    suspend fun inbox(rooms: Rooms, friend: String) {
        rooms.send(friend, json("text" to "See you at six?"), receipt = true)
        rooms.inbox.process { item ->
            when (item) {
                is InboxMessage -> println("${item.from.name}: ${item.data["text"]?.text}")
                is InboxReceipt -> println("${item.user} has read ${item.id}")
            }
        }
    }

    fun token(fetchToken: suspend () -> String, files: Storage): Rooms {
        val rooms =
            Rooms("https://chat.example.com") {
                token { fetchToken() } // asked at every connect, and before the token runs out
                storage = files // keeps device and inbox position: three functions
                reconnect { maxDelayMillis = 10_000 }
            }
        return rooms
    }

    suspend fun bridge() {
        val bridge = Bridge("http://localhost:3000") { auth(json("token" to "...")) }
        val admin = bridge.namespace("/admin")
        admin.connect()
        admin.emit("announce", Value.of("Closing at ten"))
        val (users) = admin.call("who", json("room" to "lobby"), timeoutMillis = 5_000)
        println(users.list?.size)

        admin.events.collect { event ->
            when (event) {
                is NamespaceEvent.Message -> if (event.wantsAnswer) event.answer(Value.of("yes"))
                is NamespaceEvent.Disconnected -> if (event.isFinal) bridge.close()
                else -> {}
            }
        }
    }

    suspend fun shutdown(rooms: Rooms) {
        val unsent = rooms.close(timeoutMillis = 5_000) // sends what was accepted; what is left then fails with `closed`
        if (unsent > 0) println("$unsent were not sent")
        rooms.awaitClosed()
    }

    suspend fun errors(room: Room) {
        try {
            room.publish("Hello")
        } catch (error: CrossroomException) {
            when (error.code) {
                ErrorCode.NOT_JOINED -> room.join()
                ErrorCode.MESSAGE_TOO_LARGE -> println("say it shorter")
                else -> println(error.message) // a newer server has codes of its own
            }
        }
    }
}
